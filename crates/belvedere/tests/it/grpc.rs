//! A service that is called by gRPC, and one before it that calls it: one trace, one life, one set of figures.

mod contract;
mod guarded;
mod listener;

use std::{future::Future, time::Duration};

use belvedere_testing::{ReceivedSpan, TestService, TestServiceBuilder};
use tonic::{Code, Request, Status, codec::Streaming, transport};
use tonic_prost::ProstCodec;

use crate::helpers::example;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A number, asked for or answered.
#[derive(Clone, PartialEq, prost::Message)]
struct Number {
    #[prost(int64, tag = "1")]
    value: i64,
}

fn shelf() -> TestServiceBuilder {
    TestService::builder(&example("shelf")).sqlite()
}

type Client = tonic::client::Grpc<transport::Channel>;

async fn client(service: &TestService) -> Client {
    let endpoint = transport::Endpoint::try_from(format!("http://{}", service.grpc()));
    let channel = endpoint.unwrap().connect().await.expect("it listens");
    tonic::client::Grpc::new(channel)
}

fn wanted(value: i64) -> Request<Number> {
    let mut wanted = Request::new(Number { value });
    wanted
        .metadata_mut()
        .insert("x-tenant-id", "acme".parse().unwrap());
    wanted
}

async fn find(client: &mut Client, request: Request<Number>) -> Result<i64, Status> {
    let path = "/shelf.v1.Shelf/Find".parse().unwrap();
    let codec = ProstCodec::<Number, Number>::default();
    client.ready().await.unwrap();
    let found = client.unary(request, path, codec).await?;
    Ok(found.into_inner().value)
}

async fn watch(client: &mut Client) -> Streaming<Number> {
    let path = "/shelf.v1.Shelf/Watch".parse().unwrap();
    let codec = ProstCodec::<Number, Number>::default();
    client.ready().await.unwrap();
    let watched = client.server_streaming(wanted(1), path, codec).await;
    let mut numbers = watched.unwrap().into_inner();
    assert_eq!(numbers.message().await.unwrap().unwrap().value, 1);
    numbers
}

fn sole<'s>(spans: &'s [ReceivedSpan], kind: &str, name: &str) -> &'s ReceivedSpan {
    let is_it = |span: &&ReceivedSpan| span.kind == kind && span.name == name;
    let mut found = spans.iter().filter(is_it);
    let sole = found
        .next()
        .unwrap_or_else(|| panic!("no {kind} span {name}: {spans:?}"));
    assert!(found.next().is_none(), "more than one: {spans:?}");
    sole
}

/// From an HTTP request over a gRPC call to a statement, in a trace that its caller has begun.
async fn is_one_trace(propagators: &str, headers: [(&str, String); 1]) {
    let with = |service: TestServiceBuilder| service.variable("OTEL_PROPAGATORS", propagators);
    let last = with(shelf()).start().expect("the last one starts");
    let url = format!("http://{}", last.grpc());
    let first = with(shelf()).variable("NEXT__URL", &url);
    let first = first.start().expect("the first one starts");
    let [(name, value)] = headers;
    let request = first.anonymous().request(reqwest::Method::GET, "/found");
    let answer = request.header(name, value).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "8");
    first.trace(TRACE).await;
    last.trace(TRACE).await;
    let (above, below) = (first.otlp().trace(TRACE), last.otlp().trace(TRACE));
    let request = sole(&above, "server", "GET /found");
    assert_eq!(request.parent_span_id, CALLER);
    let call = sole(&above, "client", "shelf.v1.Shelf/Find");
    assert_eq!(call.parent_span_id, request.span_id);
    let served = sole(&below, "server", "shelf.v1.Shelf/Find");
    assert_eq!(served.parent_span_id, call.span_id);
    let statements = below
        .iter()
        .filter(|span| span.parent_span_id == served.span_id);
    assert_eq!(statements.count(), 1, "{below:?}");
    let retries = r#"rpc_client_retries_total{upstream="next"} 0"#;
    first.metric(retries).await;
}

#[tokio::test]
async fn from_http_over_grpc_to_sql_is_one_trace_by_the_w3cs_headers() {
    let parent = format!("00-{TRACE}-{CALLER}-01");
    is_one_trace("tracecontext", [("traceparent", parent)]).await;
}

#[tokio::test]
async fn from_http_over_grpc_to_sql_is_one_trace_by_b3() {
    is_one_trace("b3", [("b3", format!("{TRACE}-{CALLER}-1"))]).await;
}

#[tokio::test]
async fn calls_and_requests_are_counted_by_the_same_objectives() {
    let service = shelf().start().expect("the service starts");
    let mut client = client(&service).await;
    assert_eq!(service.get("/found").await.status, 200);
    assert_eq!(find(&mut client, wanted(1)).await.unwrap(), 2);
    let refused = find(&mut client, wanted(-1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let unknown = find(&mut client, Request::new(Number { value: 1 })).await;
    assert_eq!(unknown.unwrap_err().code(), Code::Unauthenticated);
    service
        .metric(r#"slo_requests_total{outcome="good",slo="availability"} 4"#)
        .await;
    let method = r#"method="Find",package="shelf.v1",service="Shelf""#;
    let counted =
        format!("grpc_response_time_seconds_count{{{method},status_code=\"NOT_FOUND\"}} 1");
    service.metric(&counted).await;
    service.metric("grpc_active_connections 1").await;
    service
        .metric(&format!("grpc_active_requests{{{method}}} 0"))
        .await;
}

#[tokio::test]
async fn open_streams_hold_up_the_end_no_longer_than_its_timeout() {
    let service = shelf().variable("SHUTDOWN__TIMEOUT_SECONDS", "1");
    let service = service.start().expect("the service starts");
    let mut client = client(&service).await;
    let mut numbers = watch(&mut client).await;
    service.terminate().unwrap();
    let ended = in_time(numbers.message()).await;
    assert!(ended.is_err(), "{ended:?}");
    let (status, lines) = service.ended().unwrap();
    assert_eq!(status.code(), Some(1), "what was cut is told");
    let cut = |line: &&serde_json::Value| {
        line["message"] == "request_completed" && line["outcome"] == "shutdown"
    };
    assert_eq!(lines.iter().filter(cut).count(), 1);
    assert_eq!(lines.last().unwrap()["abandoned_connections"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_its_caller_ends_lets_the_service_stop_at_once() {
    let service = shelf().start().expect("the service starts");
    let mut client = client(&service).await;
    let numbers = watch(&mut client).await;
    service.terminate().unwrap();
    drop(numbers);
    let (status, lines) = service.ended().unwrap();
    assert!(status.success(), "{status:?}");
    assert_eq!(lines.last().unwrap()["abandoned_connections"], 0);
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(Duration::from_secs(30), work).await;
    ended.expect("it ends in time")
}
