//! Calls to others: seen as what they are, and by those who are called.

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use belvedere_core::{NewRequest, RequestContext, config::Seconds, context::Route};
use belvedere_grpc::Channel;
use belvedere_http::{UpstreamConfig, deadline::Limit};
use futures_util::future::{join_all, poll_fn};
use opentelemetry::trace::{SpanKind, Status as SpanStatus};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use crate::harness::{Ask, Said, Service, ask, until};

fn channel(addr: SocketAddr) -> Channel {
    channel_with(addr, UpstreamConfig::default())
}

fn channel_with(addr: SocketAddr, config: UpstreamConfig) -> Channel {
    let config = UpstreamConfig {
        url: Some(format!("http://{addr}").parse().unwrap()),
        ..config
    };
    Channel::new("probe", &config).unwrap()
}

async fn call(channel: &Channel, request: Request<Ask>) -> Result<Said, Status> {
    call_at(channel, "/probe.v1.Probe/Unary", request).await
}

async fn call_at(
    channel: &Channel,
    path: &'static str,
    request: Request<Ask>,
) -> Result<Said, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = path.parse().unwrap();
    let codec = ProstCodec::<Ask, Said>::default();
    let response = grpc.unary(request, path, codec).await?;
    Ok(response.into_inner())
}

/// A request of somebody else's, in which calls are made.
fn handler(service: &Service) -> Arc<RequestContext> {
    let route = Route::new("GET", "/");
    NewRequest::new(&route, "/").begin(&service.tracer)
}

fn counted(service: &Service, code: &str) -> f64 {
    let labels = [
        ("upstream", "probe"),
        ("method", "probe.v1.Probe/Unary"),
        ("status_code", code),
    ];
    service
        .metrics
        .sum("rpc_client_call_duration_seconds_count", &labels)
}

#[tokio::test]
async fn a_call_is_a_span_of_its_caller_and_the_parent_of_who_is_called() {
    let service = Service::start().await;
    let (channel, context) = (channel(service.addr), handler(&service));
    let said = Arc::clone(&context)
        .scope(call(&channel, ask("who")))
        .await
        .unwrap();
    let ids = format!("{} {}", context.trace_id(), context.request_id());
    assert!(said.text.starts_with(&ids), "{said:?}");
    service.completed(1).await;
    let spans = service.spans.all();
    let of = |kind| spans.iter().find(|span| span.kind == kind).unwrap();
    let (client, server) = (of(SpanKind::Client), of(SpanKind::Server));
    assert_eq!(client.name, "probe.v1.Probe/Unary");
    assert_eq!(client.parent.unwrap().span_id, context.span_id());
    assert_eq!(server.parent.unwrap().span_id, client.span_id);
    assert_eq!(client.get("peer.service"), Some("probe"));
    let port = service.addr.port().to_string();
    assert_eq!(client.get("server.address"), Some("127.0.0.1"));
    assert_eq!(client.get("server.port"), Some(&*port));
    assert_eq!(client.get("rpc.grpc.status_code"), Some("0"));
    assert_eq!(client.status, SpanStatus::Unset);
    assert_eq!(counted(&service, "OK"), 1.0);
}

#[tokio::test]
async fn a_call_that_is_refused_is_an_error_of_its_span() {
    let service = Service::start().await;
    let (channel, context) = (channel(service.addr), handler(&service));
    let refused = context
        .scope(call(&channel, ask("missing")))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let spans = service.spans.all();
    let client = spans
        .iter()
        .find(|span| span.kind == SpanKind::Client)
        .unwrap();
    assert!(matches!(client.status, SpanStatus::Error { .. }));
    assert_eq!(client.get("error.type"), Some("NOT_FOUND"));
    assert_eq!(counted(&service, "NOT_FOUND"), 1.0);
}

#[tokio::test]
async fn a_message_that_no_status_follows_is_no_answer() {
    let service = Service::start().await;
    let channel = channel(service.addr);
    for part in ["status", "trailers"] {
        let mut request = ask("fine");
        request
            .metadata_mut()
            .insert("without", part.parse().unwrap());
        let failed = call(&channel, request).await.unwrap_err();
        assert_eq!(failed.code(), Code::Unknown, "{part}");
    }
    assert_eq!(counted(&service, "UNKNOWN"), 2.0);
}

#[tokio::test]
async fn the_time_that_a_handler_has_is_handed_on() {
    let service = Service::start().await;
    let channel = channel(service.addr);
    let mut limit = Limit::For(Duration::from_millis(300));
    let mut called = Box::pin(call(&channel, ask("wait")));
    let ended = poll_fn(|task| limit.scope(|| called.as_mut().poll(task))).await;
    assert_eq!(ended.unwrap_err().code(), Code::DeadlineExceeded);
    service.completed(1).await;
    // Whoever is first: who is called gives up by itself, or hears that its caller did.
    let outcome = service.logs.completed()[0].field("outcome").to_owned();
    assert!(
        ["timeout", "client_abort"].contains(&&*outcome),
        "{outcome}"
    );
    assert_eq!(counted(&service, "DEADLINE_EXCEEDED"), 1.0);
}

#[tokio::test]
async fn a_call_that_says_no_time_has_that_of_the_settings() {
    let service = Service::start().await;
    let config = UpstreamConfig {
        timeout_seconds: Seconds::new(40),
        ..UpstreamConfig::default()
    };
    let channel = channel_with(service.addr, config);
    let said = call(&channel, ask("heard:grpc-timeout")).await.unwrap();
    let left: u64 = said.text.trim_end_matches('m').parse().unwrap();
    assert!((20_000..=40_000).contains(&left), "{left}");
}

#[tokio::test]
async fn a_call_that_is_taken_back_is_cancelled_on_both_sides() {
    let service = Service::start().await;
    let channel = channel(service.addr);
    tokio::select! {
        _ = call(&channel, ask("wait")) => unreachable!("nobody ends it"),
        () = service.running(1) => {}
    }
    service.completed(1).await;
    assert_eq!(service.counted("Unary", "CANCELLED"), 1.0);
    assert_eq!(counted(&service, "CANCELLED"), 1.0);
}

#[tokio::test]
async fn an_old_connection_is_replaced_and_ends_with_its_last_call() {
    let service = Service::start().await;
    let config = UpstreamConfig {
        max_connection_age_seconds: Some(Seconds::new(3)),
        ..UpstreamConfig::default()
    };
    let channel = channel_with(service.addr, config);
    let others = service.connections();
    let mut waiting = Box::pin(call(&channel, ask("wait")));
    tokio::select! {
        _ = &mut waiting => unreachable!("nobody ends it"),
        () = service.running(1) => {}
    }
    call(&channel, ask("fine")).await.unwrap();
    assert_eq!(service.connections() - others, 1.0);
    tokio::time::sleep(Duration::from_millis(3400)).await;
    for _ in 0..2 {
        call(&channel, ask("fine")).await.unwrap();
        assert_eq!(service.connections() - others, 2.0);
    }
    drop(waiting);
    until("the end of the old connection", || {
        service.connections() - others == 1.0
    })
    .await;
}

#[tokio::test]
async fn an_upstream_that_is_gone_is_left_alone_after_a_while() {
    let mut service = Service::start().await;
    service.shutdown.stop();
    service.ended().await;
    let channel = channel(service.addr);
    let mut messages = Vec::new();
    for _ in 0..40 {
        let failed = call(&channel, ask("fine")).await.unwrap_err();
        assert_eq!(failed.code(), Code::Unavailable);
        let is_refused = failed.message().contains("circuit is open");
        assert_eq!(failed.source().is_none(), is_refused, "why is kept");
        messages.push(failed.message().to_owned());
    }
    assert!(messages[0].contains("cannot be reached"), "{messages:?}");
    assert!(messages[39].contains("circuit is open"), "{messages:?}");
    assert!(
        !messages.concat().contains(&service.addr.to_string()),
        "{messages:?}"
    );
    assert_eq!(service.logs.named("upstream_circuit_opened").len(), 1);
    assert_eq!(counted(&service, "UNAVAILABLE"), 40.0);
}

/// A call that nobody answers within this time.
async fn in_vain(channel: &Channel, time: Duration) {
    let mut request = ask("wait");
    request.set_timeout(time);
    let late = call(channel, request).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn an_upstream_that_was_granted_hardly_any_time_has_not_failed() {
    let service = Service::start().await;
    let channel = channel(service.addr);
    for _ in 0..40 {
        in_vain(&channel, Duration::from_millis(5)).await;
    }
    assert_eq!(counted(&service, "DEADLINE_EXCEEDED"), 40.0);
    assert!(service.logs.named("upstream_circuit_opened").is_empty());
    assert!(call(&channel, ask("fine")).await.is_ok());
}

#[tokio::test]
async fn an_upstream_that_does_not_know_a_method_has_not_failed() {
    let service = Service::start().await;
    let channel = channel(service.addr);
    for _ in 0..40 {
        let unknown = call_at(&channel, "/probe.v1.Probe/Made", ask("fine")).await;
        assert_eq!(unknown.unwrap_err().code(), Code::Unimplemented);
    }
    assert!(call(&channel, ask("fine")).await.is_ok());
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_in_a_fair_time_is_left_alone() {
    let service = Service::start().await;
    let channel = channel(service.addr);
    join_all((0..40).map(|_| in_vain(&channel, Duration::from_millis(500)))).await;
    assert_eq!(service.logs.named("upstream_circuit_opened").len(), 1);
    let refused = call(&channel, ask("fine")).await.unwrap_err();
    assert!(refused.message().contains("circuit is open"), "{refused:?}");
}
