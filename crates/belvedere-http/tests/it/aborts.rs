//! What a request leaves behind when its caller goes away.

use bytes::Bytes;
use futures_util::stream;
use opentelemetry::trace::Status;

use crate::harness::{Http2, Record, Service, Wire, until};

const HANG: &str = "GET /hang HTTP/1.1\r\nhost: test\r\n\r\n";
const HALF_AN_UPLOAD: &str =
    "POST /upload HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\nhalf";

/// A service and a connection that has sent this and has a running request.
async fn in_request(head: &str) -> (Service, Wire) {
    let service = Service::start().await;
    let mut wire = service.connect().await;
    wire.say(head).await;
    service.running(1).await;
    (service, wire)
}

async fn streaming(path: &str) -> (Service, Wire) {
    let (service, mut wire) =
        in_request(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")).await;
    wire.hear("begin").await;
    (service, wire)
}

fn is_abort(record: &Record) {
    assert_eq!(record.summary(), ("client_abort", 499, 0));
    assert_eq!(record.attribute("error.type"), "client_disconnect");
    assert_eq!(record.attribute("http.response.status_code"), "");
    assert_eq!(record.span.as_ref().unwrap().status, Status::Unset);
}

#[tokio::test]
async fn a_caller_that_leaves_with_its_head_is_an_abort_and_its_handler_never_runs() {
    let service = Service::start().await;
    let mut wire = service.connect().await;
    // By then the server waits for the other connection, and learns of head and end at once.
    service.get("/health/live").await;
    wire.say("GET /panic HTTP/1.1\r\nhost: test\r\n\r\n").await;
    drop(wire);
    until("a record", || !service.logs.completed().is_empty()).await;
    assert_eq!(service.logs.completed()[0].field("outcome"), "client_abort");
    assert!(service.logs.exceptions().is_empty());
    service.counted(2).await;
    assert_eq!(service.active(), 0.0);
}

#[tokio::test]
async fn a_caller_that_leaves_while_the_handler_runs_is_an_abort() {
    let (service, wire) = in_request(HANG).await;
    drop(wire);
    is_abort(&service.sole_record().await);
}

#[tokio::test]
async fn a_caller_that_is_cut_off_while_the_handler_runs_is_an_abort() {
    let (service, wire) = in_request(HANG).await;
    wire.reset();
    is_abort(&service.sole_record().await);
}

#[tokio::test]
async fn a_caller_that_leaves_during_its_upload_is_an_abort() {
    let (service, mut wire) = in_request(HALF_AN_UPLOAD).await;
    wire.finish().await;
    is_abort(&service.sole_record().await);
}

#[tokio::test]
async fn a_caller_that_is_cut_off_during_its_upload_is_an_abort() {
    let (service, wire) = in_request(HALF_AN_UPLOAD).await;
    wire.reset();
    is_abort(&service.sole_record().await);
}

#[tokio::test]
async fn a_caller_that_leaves_during_a_chunked_upload_is_an_abort() {
    let head =
        "POST /upload HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    let (service, mut wire) = in_request(head).await;
    wire.finish().await;
    is_abort(&service.sole_record().await);
}

#[tokio::test]
async fn an_upload_that_is_malformed_is_no_abort() {
    let service = Service::start().await;
    let mut wire = service.connect().await;
    wire.say(
        "POST /upload HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\nno size\r\n",
    )
    .await;
    assert_eq!(wire.rest().await.status, 400);
    assert_eq!(service.sole_record().await.summary(), ("ok", 400, 0));
}

#[tokio::test]
async fn a_caller_that_leaves_a_quiet_stream_is_an_abort() {
    let (service, wire) = streaming("/endless").await;
    drop(wire);
    is_abort(&service.sole_record().await);
}

#[tokio::test]
async fn a_caller_that_is_cut_off_in_a_quiet_stream_is_an_abort() {
    let (service, wire) = streaming("/endless").await;
    wire.reset();
    is_abort(&service.sole_record().await);
}

#[tokio::test]
async fn a_caller_that_leaves_a_flood_is_an_abort() {
    let (service, wire) = streaming("/flood").await;
    drop(wire);
    is_abort(&service.sole_record().await);
}

#[tokio::test]
async fn a_reset_http2_stream_is_an_abort_while_the_handler_runs() {
    let service = Service::start().await;
    let mut http2 = Http2::open(service.addr).await;
    http2.give_up(&["/hang"], service.running(1)).await;
    is_abort(&service.sole_record().await);
}

#[tokio::test]
async fn a_reset_http2_stream_is_an_abort_while_the_body_is_sent() {
    let service = Service::start().await;
    let mut http2 = Http2::open(service.addr).await;
    http2.give_up(&["/flood"], service.running(1)).await;
    is_abort(&service.sole_record().await);
}

#[tokio::test]
async fn a_cut_http2_connection_aborts_each_of_its_requests() {
    let service = Service::start().await;
    let http2 = Http2::open(service.addr).await;
    let paths = ["/hang", "/endless", "/flood"];
    http2.cut(&paths, service.running(paths.len())).await;
    service.counted(paths.len()).await;
    let aborts = service
        .metrics
        .sum("http_requests_total", &[("status", "499")]);
    assert_eq!(aborts, 3.0);
    assert_eq!(service.active(), 0.0);
}

#[tokio::test]
async fn a_broken_http2_upload_is_an_abort() {
    let service = Service::start().await;
    let mut http2 = Http2::open(service.addr).await;
    http2
        .break_off("/upload", stream::iter([Bytes::from_static(b"half")]))
        .await;
    is_abort(&service.sole_record().await);
}
