//! What a request leaves behind when its caller stays to the end.

use std::time::Duration;

use opentelemetry::trace::Status;

use crate::harness::{Http2, Record, Service, Setup};

/// The record of one request, made over HTTP/1.1.
async fn record_of(method: &str, path: &str) -> Record {
    let service = Service::start().await;
    service.ask(method, path, "", "").await;
    service.sole_record().await
}

/// The record of one GET, made over HTTP/2.
async fn record_over_http2(path: &str) -> Record {
    let service = Service::start().await;
    Http2::open(service.addr).await.get(path).await;
    service.sole_record().await
}

#[tokio::test]
async fn a_good_request_leaves_one_record() {
    let record = record_of("GET", "/ok").await;
    assert_eq!(record.summary(), ("ok", 200, 0));
    assert_eq!(record.completed.field("response_bytes"), "5");
    assert_eq!(record.span.as_ref().unwrap().name, "GET /ok");
    assert_eq!(record.span.as_ref().unwrap().status, Status::Unset);
    assert_eq!(record.attribute("network.protocol.version"), "1.1");
}

#[tokio::test]
async fn a_good_request_over_http2_leaves_one_record() {
    let record = record_over_http2("/ok").await;
    assert_eq!(record.summary(), ("ok", 200, 0));
    assert_eq!(record.attribute("network.protocol.version"), "2");
}

#[tokio::test]
async fn a_client_error_is_no_exception_even_with_a_cause() {
    let record = record_of("GET", "/missing").await;
    assert_eq!(record.summary(), ("ok", 404, 0));
    assert_eq!(record.completed.field("error"), "thing_not_found");
    assert_eq!(record.span.unwrap().status, Status::Unset);
}

#[tokio::test]
async fn a_server_error_is_told_once_with_its_cause_and_its_caller_learns_nothing() {
    let service = Service::start().await;
    let answer = service.get("/broken").await;
    let told = String::from_utf8(answer.body).unwrap();
    assert!(
        !told.contains("disk") && !told.contains("not for callers"),
        "{told}"
    );
    let record = service.sole_record().await;
    assert_eq!(record.summary(), ("error", 500, 1));
    assert_eq!(
        record.exceptions[0].field("exc_message"),
        "disk db-7 is full"
    );
    assert_eq!(record.exceptions[0].context, record.completed.context);
    assert_eq!(record.attribute("error.type"), "std::io::error::Error");
    assert_eq!(record.span.unwrap().status, Status::error(""));
}

#[tokio::test]
async fn a_bare_status_500_is_told_once() {
    let record = record_of("GET", "/bare").await;
    assert_eq!(record.summary(), ("error", 500, 1));
    assert_eq!(record.attribute("error.type"), "500");
}

#[tokio::test]
async fn a_path_that_no_route_matches_leaves_one_record() {
    let record = record_of("GET", "/nowhere").await;
    assert_eq!(record.summary(), ("ok", 404, 0));
    assert_eq!(record.span.unwrap().name, "GET");
}

#[tokio::test]
async fn a_method_that_a_route_does_not_take_leaves_one_record() {
    let service = Service::start().await;
    let answer = service.ask("DELETE", "/ok", "", "").await;
    assert_eq!(answer.header("allow"), "GET,HEAD");
    assert_eq!(answer.json()["error"], "method_not_allowed");
    let record = service.sole_record().await;
    assert_eq!(record.summary(), ("ok", 405, 0));
    assert_eq!(record.span.unwrap().name, "DELETE /ok");
}

#[tokio::test]
async fn a_head_request_ends_with_its_head() {
    let record = record_of("HEAD", "/ok").await;
    assert_eq!(record.summary(), ("ok", 200, 0));
}

#[tokio::test]
async fn a_head_request_over_http2_ends_with_its_head() {
    let service = Service::start().await;
    let request = crate::harness::request("HEAD", "/ok");
    let answer = Http2::open(service.addr).await.call(request).await;
    assert_eq!(answer.status, 200);
    assert_eq!(service.sole_record().await.summary(), ("ok", 200, 0));
}

#[tokio::test]
async fn an_answer_without_content_ends_with_its_head() {
    assert_eq!(record_of("GET", "/empty").await.summary(), ("ok", 204, 0));
}

#[tokio::test]
async fn a_panicking_handler_is_answered_and_counted_once() {
    let service = Service::start().await;
    let answer = service.get("/panic").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["error"], "internal_server_error");
    let metrics = service.metrics.clone();
    let record = service.sole_record().await;
    assert_eq!(record.summary(), ("panic", 500, 1));
    assert_eq!(record.exceptions[0].context, record.completed.context);
    assert_eq!(record.attribute("error.type"), "panic");
    assert_eq!(metrics.sum("panics_total", &[("where", "handler")]), 1.0);
}

#[tokio::test]
async fn a_panicking_middleware_is_answered_and_counted_once() {
    let record = record_of("GET", "/middleware-panic").await;
    assert_eq!(record.summary(), ("panic", 500, 1));
}

#[tokio::test]
async fn a_panic_that_nobody_catches_is_no_abort() {
    let service = Service::start().await;
    assert_eq!(service.get("/unprotected-panic").await.status, 0);
    assert_eq!(service.sole_record().await.summary(), ("panic", 500, 1));
}

#[tokio::test]
async fn a_panicking_body_breaks_the_stream_and_is_never_counted_as_200() {
    let service = Service::start().await;
    let answer = service.get("/body-panic").await;
    assert_eq!((answer.status, answer.is_whole), (200, false));
    let metrics = service.metrics.clone();
    let record = service.sole_record().await;
    assert_eq!(record.summary(), ("panic", 500, 1));
    assert_eq!(metrics.sum("panics_total", &[("where", "body")]), 1.0);
    assert_eq!(
        metrics.sum("http_requests_total", &[("status", "200")]),
        0.0
    );
}

#[tokio::test]
async fn a_panicking_body_resets_its_http2_stream_and_leaves_the_connection_alone() {
    let service = Service::start().await;
    let mut http2 = Http2::open(service.addr).await;
    assert!(!http2.get("/body-panic").await.is_whole);
    assert_eq!(http2.get("/ok").await.body, b"hello");
    service.counted(2).await;
    let outcomes: Vec<_> = service
        .logs
        .completed()
        .iter()
        .map(|event| event.field("outcome").to_owned())
        .collect();
    assert_eq!(outcomes, ["panic", "ok"]);
}

#[tokio::test]
async fn a_body_that_fails_breaks_the_stream_and_is_told_once() {
    let service = Service::start().await;
    let answer = service.get("/body-error").await;
    assert_eq!((answer.status, answer.is_whole), (200, false));
    let record = service.sole_record().await;
    assert_eq!(record.summary(), ("error", 500, 1));
    assert_eq!(record.completed.field("response_bytes"), "5");
    assert_eq!(record.exceptions[0].field("exc_type"), "response_body");
}

#[tokio::test]
async fn a_body_that_fails_resets_its_http2_stream() {
    assert_eq!(
        record_over_http2("/body-error").await.summary(),
        ("error", 500, 1)
    );
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_answered_and_told_once() {
    let timeout = Duration::from_millis(50);
    let service = Setup {
        timeout,
        ..Setup::default()
    }
    .start()
    .await;
    let answer = service.get("/hang").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["error"], "request_timeout");
    let record = service.sole_record().await;
    assert_eq!(record.summary(), ("timeout", 503, 1));
    assert_eq!(record.exceptions[0].field("exc_type"), "timeout");
    assert_eq!(record.attribute("error.type"), "timeout");
}
