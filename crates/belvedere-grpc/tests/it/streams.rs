//! Calls to others whose answer is a stream: how it ended is told when it has, and once.

use std::time::Duration;

use belvedere_core::{NewRequest, context::Route};
use belvedere_grpc::Channel;
use belvedere_http::UpstreamConfig;
use belvedere_testing::TcpProxy;
use opentelemetry::trace::{SpanKind, Status as SpanStatus};
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::harness::{Ask, Said, Service, ask, in_time};

const DOWNLOAD: &str = "probe.v1.Probe/Download";

fn to(url: &str) -> Channel {
    let config = UpstreamConfig {
        url: Some(url.parse().unwrap()),
        ..UpstreamConfig::default()
    };
    Channel::new("probe", &config).unwrap()
}

/// Calls in a request of somebody else's.
async fn call(
    service: &Service,
    url: &str,
    request: Request<Ask>,
) -> Result<Streaming<Said>, Status> {
    let mut grpc = tonic::client::Grpc::new(to(url));
    grpc.ready().await.unwrap();
    let path = format!("/{DOWNLOAD}").parse().unwrap();
    let codec = ProstCodec::<Ask, Said>::default();
    let handler = NewRequest::new(&Route::new("GET", "/"), "/").begin(&service.tracer);
    let called = handler.scope(grpc.server_streaming(request, path, codec));
    Ok(called.await?.into_inner())
}

async fn end(mut answer: Streaming<Said>) -> Status {
    let read = async {
        loop {
            match answer.message().await {
                Ok(Some(_)) => {}
                ended => break ended.unwrap_err(),
            }
        }
    };
    in_time("the end of the stream", read).await
}

/// That its only call is told to have failed so, in metric and span.
fn assert_failed(service: &Service, code: Code, label: &str) {
    let labels = [
        ("upstream", "probe"),
        ("method", DOWNLOAD),
        ("status_code", label),
    ];
    let counted = |labels| {
        let name = "rpc_client_call_duration_seconds_count";
        service.metrics.sum(name, labels)
    };
    assert_eq!(counted(&labels), 1.0, "{label}");
    assert_eq!(counted(&labels[..2]), 1.0, "{label}");
    let mut spans = service.spans.all();
    spans.retain(|span| span.kind == SpanKind::Client);
    let [span] = &*spans else {
        panic!("one call is one span: {spans:?}");
    };
    let number = (code as i32).to_string();
    assert_eq!(span.get("rpc.grpc.status_code"), Some(&*number));
    assert_eq!(span.get("error.type"), Some(label));
    assert!(matches!(span.status, SpanStatus::Error { .. }));
}

/// A service, and a network before it that may fail.
async fn far() -> (Service, TcpProxy) {
    let service = Service::start().await;
    let proxy = TcpProxy::before(&format!("http://{}", service.addr)).unwrap();
    (service, proxy)
}

/// A stream that has begun, and does not end of itself for so long.
async fn begun(service: &Service, proxy: &TcpProxy, time: Duration) -> Streaming<Said> {
    let mut request = ask("wait_later");
    request.set_timeout(time);
    let mut answer = call(service, proxy.url(), request).await.unwrap();
    let first = answer.message().await.unwrap().unwrap();
    assert_eq!(first.text, "first");
    answer
}

#[tokio::test]
async fn a_stream_that_outlives_its_call_is_cut_and_told_as_late() {
    let (service, proxy) = far().await;
    let answer = begun(&service, &proxy, Duration::from_secs(2)).await;
    // Nobody hears the upstream give up by itself.
    proxy.stall();
    assert_eq!(end(answer).await.code(), Code::DeadlineExceeded);
    assert_failed(&service, Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
}

#[tokio::test]
async fn a_stream_whose_connection_breaks_is_told_as_its_caller_hears_it() {
    let (service, proxy) = far().await;
    let answer = begun(&service, &proxy, Duration::from_secs(60)).await;
    proxy.refuse();
    assert_eq!(end(answer).await.code(), Code::Unknown);
    assert_failed(&service, Code::Unknown, "UNKNOWN");
}

async fn is_told_without(part: &str, code: Code, label: &str) {
    let service = Service::start().await;
    let mut request = ask("fine");
    request
        .metadata_mut()
        .insert("without", part.parse().unwrap());
    let url = format!("http://{}", service.addr);
    let ended = match call(&service, &url, request).await {
        Ok(answer) => end(answer).await,
        Err(status) => status,
    };
    assert_eq!(ended.code(), code);
    assert_failed(&service, code, label);
}

#[tokio::test]
async fn an_answer_whose_trailers_have_no_status_is_none() {
    is_told_without("status", Code::Unknown, "UNKNOWN").await;
}

#[tokio::test]
async fn an_answer_without_trailers_is_none() {
    is_told_without("trailers", Code::Unknown, "UNKNOWN").await;
}

#[tokio::test]
async fn an_answer_that_is_but_a_head_without_a_status_is_none() {
    is_told_without("body", Code::Unknown, "UNKNOWN").await;
}

#[tokio::test]
async fn an_answer_of_a_proxy_in_between_is_told_as_what_its_http_status_says() {
    is_told_without("service", Code::Unavailable, "UNAVAILABLE").await;
}
