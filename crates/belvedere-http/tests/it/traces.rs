//! Whose trace a request belongs to, and which traces are kept.

use std::time::Duration;

use axum::{Router, http::StatusCode, routing::get};
use belvedere_core::trace::{ChildSpan, Status};
use belvedere_testing::CapturedSpan;
use opentelemetry::trace::SpanKind;

use crate::harness::{Record, Service, Setup, routes};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn traceparent(flags: &str) -> String {
    format!("traceparent: 00-{TRACE}-{CALLER}-{flags}\r\n")
}

/// A service that exports only traces that are kept for what became of them.
async fn unsampled(slow: Duration) -> Service {
    let routes = routes()
        .route("/child", get(child))
        .route("/child-then-500", get(child_then_500));
    let ratio = 0.0;
    let setup = Setup {
        routes,
        ratio,
        slow,
        ..Setup::default()
    };
    setup.start().await
}

async fn child() {
    let span = ChildSpan::begin().unwrap();
    span.finish(&SpanKind::Client, "SELECT users", &[], Status::Unset);
}

async fn child_then_500() -> StatusCode {
    child().await;
    StatusCode::INTERNAL_SERVER_ERROR
}

/// The record of one good request with these headers.
async fn continued(service: Service, lines: &str) -> Record {
    assert_eq!(service.ask("GET", "/ok", lines, "").await.status, 200);
    service.sole_record().await
}

fn is_root(record: &Record) {
    let span = record.span.as_ref().unwrap();
    assert_ne!(span.trace_id.to_string(), TRACE);
    assert_eq!(span.parent, None);
    assert!(span.links.is_empty());
}

fn has_ids_of_log(span: &CapturedSpan, record: &Record) {
    let trace_id = span.trace_id.to_string();
    assert_eq!(trace_id, record.completed.of_request("trace_id"));
}

#[tokio::test]
async fn a_trusted_callers_trace_is_continued() {
    let record = continued(Service::start().await, &traceparent("01")).await;
    assert_eq!(record.completed.of_request("trace_id"), TRACE);
    assert_eq!(record.completed.of_request("trace_flags"), "01");
    let span = record.span.unwrap();
    let parent = span.parent.unwrap();
    assert_eq!(span.trace_id.to_string(), TRACE);
    assert_eq!(
        (parent.span_id.to_string().as_str(), parent.is_remote),
        (CALLER, true)
    );
    assert_eq!(
        span.span_id.to_string(),
        record.completed.of_request("span_id")
    );
}

#[tokio::test]
async fn a_trusted_callers_decision_not_to_sample_stands() {
    let record = continued(Service::start().await, &traceparent("00")).await;
    assert_eq!(record.completed.of_request("trace_id"), TRACE);
    assert_eq!(record.completed.of_request("trace_flags"), "00");
    assert!(record.span.is_none());
}

#[tokio::test]
async fn a_trusted_callers_decision_to_sample_stands() {
    let service = unsampled(Duration::MAX).await;
    let record = continued(service, &traceparent("01")).await;
    assert_eq!(record.span.unwrap().trace_id.to_string(), TRACE);
}

#[tokio::test]
async fn a_strangers_trace_is_only_linked_to() {
    let trusted = "10.0.0.0/8".parse().unwrap();
    let setup = Setup {
        trusted,
        ..Setup::default()
    };
    let record = continued(setup.start().await, &traceparent("00")).await;
    let span = record.span.unwrap();
    assert_ne!(span.trace_id.to_string(), TRACE);
    assert_eq!(span.parent, None);
    assert_eq!(span.links.len(), 1);
    assert_eq!(span.links[0].trace_id().to_string(), TRACE);
    assert_eq!(span.links[0].span_id().to_string(), CALLER);
}

#[tokio::test]
async fn two_callers_at_once_are_none() {
    let lines = traceparent("01").repeat(2);
    is_root(&continued(Service::start().await, &lines).await);
}

#[tokio::test]
async fn a_malformed_caller_is_none() {
    let service = Service::start().await;
    let cut = &traceparent("01")[..40];
    is_root(&continued(service, &format!("{cut}\r\n")).await);
}

#[tokio::test]
async fn a_trace_id_of_zeros_is_none() {
    let lines = traceparent("01").replace(TRACE, &"0".repeat(32));
    is_root(&continued(Service::start().await, &lines).await);
}

#[tokio::test]
async fn a_good_request_that_is_not_sampled_exports_nothing() {
    let service = unsampled(Duration::MAX).await;
    service.get("/child").await;
    let spans = service.spans.clone();
    assert!(service.sole_record().await.span.is_none());
    assert!(spans.clients().is_empty());
}

#[tokio::test]
async fn a_failing_request_is_kept_with_its_child_spans_though_it_was_not_sampled() {
    let service = unsampled(Duration::MAX).await;
    service.get("/child-then-500").await;
    is_kept(service).await;
}

#[tokio::test]
async fn a_slow_request_is_kept_with_its_child_spans_though_it_was_not_sampled() {
    let service = unsampled(Duration::ZERO).await;
    service.get("/child").await;
    is_kept(service).await;
}

/// The ids are those that the log has named all along.
async fn is_kept(service: Service) {
    let spans = service.spans.clone();
    let record = service.sole_record().await;
    assert_eq!(record.completed.of_request("trace_flags"), "00");
    let server = record.span.as_ref().expect("a server span");
    let children = spans.clients();
    assert_eq!(children.len(), 1);
    has_ids_of_log(server, &record);
    has_ids_of_log(&children[0], &record);
    assert_eq!(
        server.span_id.to_string(),
        record.completed.of_request("span_id")
    );
    assert_eq!(children[0].parent.unwrap().span_id, server.span_id);
}

#[tokio::test]
async fn a_panic_and_a_timeout_are_kept_though_they_were_not_sampled() {
    let timeout = Duration::from_millis(50);
    let ratio = 0.0;
    let setup = Setup {
        ratio,
        timeout,
        routes: Router::new().merge(routes()),
        ..Setup::default()
    };
    let service = setup.start().await;
    for path in ["/panic", "/hang", "/body-panic", "/ok"] {
        service.get(path).await;
    }
    service.counted(4).await;
    let mut names: Vec<_> = service
        .spans
        .servers()
        .iter()
        .map(|span| span.name.clone())
        .collect();
    names.sort();
    assert_eq!(names, ["GET /body-panic", "GET /hang", "GET /panic"]);
}
