//! Heads that are refused: by hyper before there is a request, or by us as one.

use crate::harness::{Service, until};

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
