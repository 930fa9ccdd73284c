//! Heads that are refused: by hyper before there is a request, or by us as one.

use crate::harness::{Answer, Http2, Service, request, until};

const TARGET: usize = 8 * 1024;
const HEAD: usize = 32 * 1024;
const HEADERS: usize = 90;

/// A target of so many bytes.
fn target(bytes: usize) -> String {
    format!("{:x<bytes$}", "/ok?")
}

/// A head of so many bytes, as they are counted: names and values, without what stands between them.
async fn ask_with(service: &Service, bytes: usize) -> Answer {
    let rest = "/ok".len() + "hosttest".len() + "x".len();
    let filling = "y".repeat(bytes - rest);
    let mut wire = service.connect().await;
    wire.say(format!(
        "GET /ok HTTP/1.1\r\nhost: test\r\nx: {filling}\r\n\r\n"
    ))
    .await;
    wire.answer().await
}

fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status);
    let problem = answer.json();
    assert_eq!(problem["error"], code);
    assert_eq!(problem["request_id"], answer.header("x-request-id"));
}

#[tokio::test]
async fn a_head_that_is_no_http_is_counted_but_not_logged() {
    let service = Service::start().await;
    let mut wire = service.connect().await;
    wire.say("\x16\x03\x01 is no request\r\n\r\n").await;
    assert_eq!(wire.rest().await.status, 400);
    until("a refusal", || service.rejected("malformed") == 1.0).await;
    assert!(service.logs.all().is_empty());
}

#[tokio::test]
async fn a_head_over_hypers_limit_is_counted_but_not_logged() {
    let service = Service::start().await;
    let mut wire = service.connect().await;
    let _ = wire
        .try_say(format!(
            "GET /ok HTTP/1.1\r\nx: {}\r\n\r\n",
            "y".repeat(70_000)
        ))
        .await;
    wire.rest().await;
    until("a refusal", || service.rejected("head_too_large") == 1.0).await;
    assert!(service.logs.all().is_empty());
}

#[tokio::test]
async fn a_head_over_our_own_limit_is_answered_with_a_problem() {
    let service = Service::start().await;
    let line = format!("x: {}\r\n", "y".repeat(33_000));
    let answer = service.ask("GET", "/ok", &line, "").await;
    assert_eq!(answer.json()["error"], "request_header_fields_too_large");
    assert_eq!(service.sole_record().await.summary(), ("ok", 431, 0));
}

#[tokio::test]
async fn a_target_may_be_as_long_as_the_limit_and_no_longer() {
    let service = Service::start().await;
    assert_eq!(service.get(&target(TARGET)).await.status, 200);
    let answer = service.get(&target(TARGET + 1)).await;
    assert_refused(&answer, 414, "uri_too_long");
}

#[tokio::test]
async fn an_http2_target_may_be_as_long_as_the_limit_and_no_longer() {
    let service = Service::start().await;
    let mut http2 = Http2::open(service.addr).await;
    assert_eq!(http2.get(&target(TARGET)).await.status, 200);
    let answer = http2.get(&target(TARGET + 1)).await;
    assert_refused(&answer, 414, "uri_too_long");
}

#[tokio::test]
async fn a_target_that_is_too_long_leaves_one_record() {
    let service = Service::start().await;
    service.get(&target(TARGET + 1)).await;
    assert_eq!(service.sole_record().await.summary(), ("ok", 414, 0));
}

#[tokio::test]
async fn a_head_may_be_as_large_as_the_limit_and_no_larger() {
    let service = Service::start().await;
    assert_eq!(ask_with(&service, HEAD).await.status, 200);
    let answer = ask_with(&service, HEAD + 1).await;
    assert_refused(&answer, 431, "request_header_fields_too_large");
}

#[tokio::test]
async fn an_http2_head_over_the_limit_is_answered_with_a_problem() {
    let service = Service::start().await;
    let mut http2 = Http2::open(service.addr).await;
    for (bytes, status) in [(HEAD - "/okx".len(), 200), (HEAD, 431)] {
        let mut request = request("GET", "/ok");
        let filling = "y".repeat(bytes).parse().unwrap();
        request.headers_mut().insert("x", filling);
        let answer = http2.call(request).await;
        assert_eq!(answer.status, status);
        assert_ne!(answer.header("x-request-id"), "");
    }
}

#[tokio::test]
async fn there_may_be_as_many_headers_as_the_limit_and_no_more() {
    let service = Service::start().await;
    let ours = ["host", "connection", "content-length"].len();
    let lines = |count| "x: y\r\n".repeat(count);
    let answer = service.ask("GET", "/ok", &lines(HEADERS - ours), "").await;
    assert_eq!(answer.status, 200);
    let answer = service
        .ask("GET", "/ok", &lines(HEADERS - ours + 1), "")
        .await;
    assert_refused(&answer, 431, "request_header_fields_too_large");
}
