//! Calls to other services.

mod circuit;
mod deadline;
mod gateway;
mod retries;
mod secrets;

use axum::{http::StatusCode, routing::get};
use belvedere_core::config::Seconds;
use belvedere_http::{Upstream, UpstreamConfig, UpstreamError};
use belvedere_testing::CapturedSpan;
use opentelemetry::trace::Status;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

use crate::harness::{Service, Setup, attribute, routes, until};
use gateway::Gateway;

fn config(url: &str) -> UpstreamConfig {
    UpstreamConfig {
        url: Some(url.parse().unwrap()),
        timeout_seconds: Seconds::new(60),
        connect_timeout_seconds: Seconds::new(60),
        ..UpstreamConfig::default()
    }
}

/// A knob as a variable would set it.
fn millis(millis: u32) -> Seconds {
    serde_json::from_value(json!(f64::from(millis) / 1e3)).unwrap()
}

fn upstream(url: &str) -> Upstream {
    Upstream::new("payments", &config(url)).unwrap()
}

/// A service that posts to `path` of the gateway at `url` when it is asked for `/pay`.
async fn calling(url: &str, path: &'static str, ratio: f64) -> Service {
    let gateway = upstream(url);
    let pay = move || async move {
        let called = gateway.post(path).json(&json!({"amount": 1})).send().await;
        called.map_or(StatusCode::SERVICE_UNAVAILABLE, |answer| answer.status())
    };
    let setup = Setup {
        routes: routes().route("/pay", get(pay)),
        ratio,
        ..Setup::default()
    };
    setup.start().await
}

/// The URL of a port that nobody listens at.
async fn nobody() -> String {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", gone.local_addr().unwrap())
}

impl Service {
    /// The one call, after the one request was told; its server span is its parent.
    fn sole_call(&self) -> CapturedSpan {
        let calls = self.spans.clients();
        assert_eq!(calls.len(), 1, "{calls:?}");
        let server = &self.spans.servers()[0];
        assert_eq!(calls[0].parent.unwrap().span_id, server.span_id);
        assert_eq!(calls[0].trace_id, server.trace_id);
        calls[0].clone()
    }

    fn calls_counted(&self, status: &str) -> f64 {
        let labels = [
            ("upstream", "payments"),
            ("method", "POST"),
            ("status", status),
        ];
        self.metrics
            .sum("http_client_request_duration_seconds_count", &labels)
    }
}

#[tokio::test]
async fn a_call_carries_the_requests_trace_and_id_and_is_a_span_below_it() {
    let gateway = Gateway::start().await;
    let service = calling(&gateway.url, "/charge", 1.0).await;
    let answer = service.get("/pay").await;
    assert_eq!(answer.status, 201);
    service.counted(1).await;
    let call = service.sole_call();
    let heard = gateway.heard().remove(0);
    let traceparent = format!("00-{}-{}-01", call.trace_id, call.span_id);
    assert_eq!(heard["traceparent"], traceparent);
    assert_eq!(heard["x-request-id"], answer.header("x-request-id"));
    assert_eq!(call.name, "POST payments");
    assert_eq!(call.status, Status::Unset);
    assert_eq!(service.calls_counted("201"), 1.0);
}

#[tokio::test]
async fn a_call_of_a_request_that_is_not_sampled_says_so_and_leaves_no_span() {
    let gateway = Gateway::start().await;
    let service = calling(&gateway.url, "/charge", 0.0).await;
    service.get("/pay").await;
    service.counted(1).await;
    let heard = gateway.heard().remove(0);
    let traceparent = heard["traceparent"].to_str().unwrap();
    let completed = service.logs.completed().remove(0);
    assert!(traceparent.contains(completed.of_request("trace_id")));
    assert!(traceparent.ends_with("-00"), "{traceparent}");
    assert!(service.spans.clients().is_empty());
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_an_error_of_its_span() {
    let gateway = Gateway::start().await;
    let service = calling(&gateway.url, "/refused", 1.0).await;
    assert_eq!(service.get("/pay").await.status, 402);
    service.counted(1).await;
    let call = service.sole_call();
    assert_eq!(call.status, Status::error(""));
    assert_eq!(attribute(&call, "error.type"), "402");
    assert_eq!(service.calls_counted("402"), 1.0);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let gateway = Gateway::start().await;
    let service = calling(&gateway.url, "/moved", 1.0).await;
    assert_eq!(service.get("/pay").await.status, 307);
    assert!(gateway.heard().is_empty());
    assert_eq!(service.calls_counted("307"), 1.0);
}

#[tokio::test]
async fn a_refused_connection_is_an_error_that_names_no_address() {
    let url = nobody().await;
    let service = calling(&url, "/charge", 1.0).await;
    assert_eq!(service.get("/pay").await.status, 503);
    service.counted(1).await;
    let call = service.sole_call();
    assert_eq!(attribute(&call, "error.type"), "no_connection");
    assert_eq!(service.calls_counted("no_connection"), 1.0);
    let error = upstream(&url).post("/").send().await.unwrap_err();
    assert!(matches!(error, UpstreamError::NoConnection { .. }));
    let port = url.rsplit_once(':').unwrap().1;
    assert!(!format!("{error} {error:?}").contains(&format!("{port}/")));
}

#[tokio::test]
async fn a_span_says_where_it_went_but_not_which_url() {
    let gateway = Gateway::start().await;
    let service = calling(&gateway.url, "/charge?order=1", 1.0).await;
    service.get("/pay").await;
    service.counted(1).await;
    let call = service.sole_call();
    let port = gateway.url.rsplit_once(':').unwrap().1;
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.response.status_code", "201"),
        ("server.address", "127.0.0.1"),
        ("server.port", port),
        ("peer.service", "payments"),
        ("url.full", ""),
        ("error.type", ""),
        ("http.request.resend_count", ""),
    ] {
        assert_eq!(attribute(&call, key), value, "{key}");
    }
    assert!(!format!("{call:?}").contains("order"));
}

#[tokio::test]
async fn json_comes_and_goes_and_other_json_is_an_error_that_does_not_repeat_it() {
    #[derive(Debug, Deserialize)]
    struct Echo {
        card: u64,
    }
    let gateway = Gateway::start().await;
    let upstream = upstream(&gateway.url);
    let echo = async |card| {
        let call = upstream.put("echo").json(&json!({ "card": card }));
        call.send().await.unwrap().json::<Echo>()
    };
    assert_eq!(echo(json!(7)).await.unwrap().card, 7);
    let error = echo(json!("hunter2")).await.unwrap_err();
    assert!(matches!(error, UpstreamError::NotJson { line: 1, .. }));
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn an_answer_has_a_largest_size_whether_it_says_its_length_or_not() {
    let gateway = Gateway::start().await;
    let config = UpstreamConfig {
        body_limit_bytes: 1_000,
        ..config(&gateway.url)
    };
    let upstream = Upstream::new("payments", &config).unwrap();
    for path in ["bytes/1000", "chunks/1000"] {
        let answer = upstream.get(path).send().await.unwrap();
        assert_eq!(answer.body().len(), 1_000, "{path}");
    }
    for path in ["bytes/1001", "chunks/1001", "chunks/1000000000"] {
        let error = upstream.get(path).send().await.unwrap_err();
        let limit = 1_000;
        assert!(
            matches!(error, UpstreamError::BodyTooLarge { limit: told, .. } if told == limit),
            "{path}: {error}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_an_error_and_is_not_sent() {
    let gateway = Gateway::start().await;
    let upstream = upstream(&format!("{}/v1", gateway.url));
    let calls = [
        (upstream.get("http://127.0.0.1:1/"), "path"),
        (upstream.get("a/../../admin"), "path"),
        (
            upstream.post("charge").idempotency_key("a\nb"),
            "idempotency key",
        ),
    ];
    for (call, wanted) in calls {
        let error = call.send().await.unwrap_err();
        assert!(
            matches!(error, UpstreamError::Malformed { part, .. } if part == wanted),
            "{error}"
        );
    }
    assert!(gateway.heard().is_empty());
}

#[tokio::test]
async fn a_call_that_is_given_up_with_its_request_is_counted_as_cancelled() {
    let gateway = Gateway::start().await;
    let service = calling(&gateway.url, "/hang", 1.0).await;
    let mut wire = service.connect().await;
    wire.say("GET /pay HTTP/1.1\r\nhost: test\r\n\r\n").await;
    service.running(1).await;
    tokio::task::yield_now().await;
    drop(wire);
    service.counted(1).await;
    until("a cancelled call", || {
        service.calls_counted("cancelled") == 1.0
    })
    .await;
    assert_eq!(attribute(&service.sole_call(), "error.type"), "cancelled");
}
