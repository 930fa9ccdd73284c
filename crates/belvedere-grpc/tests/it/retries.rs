//! Calls to others that are sent again: those that may be, within a budget, for as long as there is time.

use std::{net::SocketAddr, time::Duration};

use belvedere_core::{NewRequest, config::Seconds, context::Route, spawn};
use belvedere_grpc::Channel;
use belvedere_http::{UpstreamConfig, server::Limits};
use belvedere_testing::TcpProxy;
use futures_util::future::join_all;
use opentelemetry::trace::SpanKind;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use crate::harness::{Ask, Said, Service, Setup, ask, descriptors, in_time};

const UNARY: &str = "probe.v1.Probe/Unary";

fn to(url: &str, max_retries: u16) -> Channel {
    let config = UpstreamConfig {
        url: Some(url.parse().unwrap()),
        max_retries,
        ..UpstreamConfig::default()
    };
    Channel::new("probe", &config).unwrap()
}

fn channel(service: &Service, max_retries: u16) -> Channel {
    to(&format!("http://{}", service.addr), max_retries)
}

async fn call(channel: &Channel, request: Request<Ask>) -> Result<String, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = format!("/{UNARY}").parse().unwrap();
    let codec = ProstCodec::<Ask, Said>::default();
    let response = grpc.unary(request, path, codec).await?;
    Ok(response.into_inner().text)
}

fn tries(service: &Service, code: &str) -> f64 {
    let labels = [("upstream", "probe"), ("status_code", code)];
    let name = "rpc_client_call_duration_seconds_count";
    service.metrics.sum(name, &labels)
}

fn retries(service: &Service) -> f64 {
    let labels = [("upstream", "probe")];
    service.metrics.sum("rpc_client_retries_total", &labels)
}

#[tokio::test]
async fn each_try_of_an_idempotent_call_is_told_and_its_time_shrinks() {
    let service = Service::start().await;
    let channel = channel(&service, 2).idempotent([UNARY]);
    let route = Route::new("GET", "/");
    let handler = NewRequest::new(&route, "/").begin(&service.tracer);
    let mut request = ask("second:300");
    request.set_timeout(Duration::from_secs(20));
    let left = handler.scope(call(&channel, request)).await.unwrap();
    let left: u64 = left.trim_end_matches('m').parse().unwrap();
    assert!((10_000..=19_700).contains(&left), "{left}");
    assert_eq!(tries(&service, "UNAVAILABLE"), 1.0);
    assert_eq!(tries(&service, "OK"), 1.0);
    assert_eq!(retries(&service), 1.0);
    let spans = service.spans.all();
    let sent = spans.iter().filter(|span| span.kind == SpanKind::Client);
    assert_eq!(sent.count(), 2, "{spans:?}");
}

#[tokio::test]
async fn what_is_not_said_to_be_idempotent_is_sent_once() {
    let service = Service::start().await;
    let channel = channel(&service, 2).idempotent(["probe.v1.Probe/Download"]);
    let refused = call(&channel, ask("second:0")).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(tries(&service, "UNAVAILABLE"), 1.0);
}

#[tokio::test]
async fn only_a_service_that_is_not_there_is_asked_again() {
    let service = Service::start().await;
    let channel = channel(&service, 2).idempotent([UNARY]);
    for end in ["missing", "head", "invalid"] {
        call(&channel, ask(end)).await.unwrap_err();
    }
    assert_eq!(retries(&service), 0.0);
}

#[tokio::test]
async fn a_proto_says_which_calls_are_idempotent_and_streams_are_never_sent_again() {
    let service = Service::start().await;
    let channel = channel(&service, 2).described(descriptors()).unwrap();
    assert!(call(&channel, ask("second:0")).await.is_ok());
    assert_eq!(retries(&service), 1.0);
    let told = format!("{channel:?}");
    assert!(told.contains(UNARY), "{told}");
    assert!(
        !told.contains("Upload") && !told.contains("Download"),
        "{told}"
    );
}

#[tokio::test]
async fn a_call_is_sent_again_no_more_often_than_it_may_be() {
    let service = Service::start().await;
    let channel = channel(&service, 2).idempotent([UNARY]);
    let refused = call(&channel, ask("gone")).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(retries(&service), 2.0);
    assert_eq!(tries(&service, "UNAVAILABLE"), 3.0);
}

#[tokio::test]
async fn a_service_that_a_proxy_says_is_away_is_asked_again() {
    let service = Service::start().await;
    let channel = channel(&service, 2).idempotent([UNARY]);
    let mut request = ask("fine");
    let without = "service".parse().unwrap();
    request.metadata_mut().insert("without", without);
    let refused = call(&channel, request).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(retries(&service), 2.0);
    assert_eq!(tries(&service, "UNAVAILABLE"), 3.0);
}

#[tokio::test]
async fn no_retry_is_waited_for_beyond_the_time_of_the_call() {
    let service = Service::start().await;
    let channel = channel(&service, 2).idempotent([UNARY]);
    let mut request = ask("second:60000");
    request.set_timeout(Duration::from_secs(30));
    let refused = call(&channel, request).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "at once");
    assert_eq!(retries(&service), 0.0);
}

#[tokio::test]
async fn retries_are_a_tenth_of_all_calls_and_ten_more() {
    const CALLS: usize = 40;
    let service = Service::start().await;
    let channel = channel(&service, 1).idempotent([UNARY]);
    for _ in 0..CALLS {
        // Enough of those that go well, so that no circuit opens.
        for _ in 0..3 {
            call(&channel, ask("fine")).await.unwrap();
        }
        let _ = call(&channel, ask("second:0")).await;
    }
    let earned = 4 * CALLS / 10;
    let retries = retries(&service) as usize;
    let (least, most) = (10 + earned / 2, 10 + earned);
    assert!((least..=most).contains(&retries), "{retries}");
    assert!(tries(&service, "UNAVAILABLE") as usize > retries);
}

#[tokio::test]
async fn a_connection_that_is_told_to_go_is_left_by_a_call_that_is_sent_again() {
    let setup = Setup {
        limits: Limits {
            max_age: Some(Duration::from_millis(200)),
            ..Limits::default()
        },
        ..Setup::default()
    };
    let service = setup.start().await;
    let channel = channel(&service, 2).idempotent([UNARY]);
    let own = channel.clone();
    let open = spawn(async move { call(&own, ask("wait")).await });
    service.running(1).await;
    let calls = async {
        while service.connections() < 2.0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            call(&channel, ask("fine")).await.unwrap();
        }
    };
    in_time("another connection", calls).await;
    drop(open);
}

#[tokio::test]
async fn a_call_whose_connection_breaks_comes_by_another_one() {
    let service = Service::start().await;
    let proxy = TcpProxy::before(&format!("http://{}", service.addr)).unwrap();
    let channel = to(proxy.url(), 5).idempotent([UNARY]);
    let open = spawn(async move { call(&channel, ask("wait_first")).await });
    service.running(1).await;
    proxy.refuse();
    proxy.resume();
    assert_eq!(open.await.unwrap().unwrap().unwrap(), "wait_first");
    assert_eq!(tries(&service, "OK"), 1.0);
    assert!(retries(&service) >= 1.0);
}

/// A listener whose queue is full: whoever comes is neither let in nor turned away.
async fn deaf() -> (SocketAddr, TcpListener, TcpStream) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(0).unwrap();
    let addr = listener.local_addr().unwrap();
    (addr, listener, TcpStream::connect(addr).await.unwrap())
}

#[tokio::test]
async fn no_call_waits_for_a_connection_beyond_its_time() {
    /// More than tonic has queue for.
    const CALLS: usize = 1100;
    let (addr, _listener, _only) = deaf().await;
    let config = UpstreamConfig {
        url: Some(format!("http://{addr}").parse().unwrap()),
        connect_timeout_seconds: Seconds::new(600),
        max_retries: 2,
        ..UpstreamConfig::default()
    };
    for methods in [vec![], vec![UNARY]] {
        let channel = Channel::new("probe", &config).unwrap().idempotent(methods);
        let calls = (0..CALLS).map(|_| {
            let mut request = ask("fine");
            request.set_timeout(Duration::from_millis(500));
            call(&channel, request)
        });
        let ended = in_time("the end of all calls", join_all(calls)).await;
        let codes = ended.into_iter().map(|ended| ended.unwrap_err().code());
        assert!(codes.into_iter().all(|code| code == Code::DeadlineExceeded));
    }
}

#[tokio::test]
#[ignore = "soak: half a minute, until a connection is given up"]
async fn a_connection_that_hangs_is_found_out_long_before_the_call_is_over() {
    let service = Service::start().await;
    let proxy = TcpProxy::before(&format!("http://{}", service.addr)).unwrap();
    let channel = to(proxy.url(), 0);
    let mut request = ask("wait");
    request.set_timeout(Duration::from_secs(600));
    let open = spawn(async move { call(&channel, request).await });
    service.running(1).await;
    proxy.stall();
    let ended = tokio::time::timeout(Duration::from_secs(150), open).await;
    let failed = ended.expect("it is found out").unwrap().unwrap();
    assert_eq!(failed.unwrap_err().code(), Code::Unavailable);
}
