//! What Sentry is told of a service's failures.

use std::time::{Duration, Instant};

use belvedere_testing::{SentrySink, TestService};
use serde_json::Value;

use crate::helpers::service;

const PATIENCE: Duration = Duration::from_secs(30);

fn told_to(sentry: &SentrySink) -> TestService {
    service()
        .variable("SENTRY_DSN", &sentry.dsn())
        .start()
        .unwrap()
}

/// The one event of a request, once the service has ended and can tell no more.
fn only_event_of(sentry: &SentrySink, request_id: &str) -> Value {
    let events = sentry.events().into_iter();
    let mut own = events.filter(|event| event["tags"]["request_id"] == *request_id);
    let event = own.next().expect("the failure was told");
    assert_eq!(own.next(), None, "it was told twice");
    event
}

#[tokio::test]
async fn a_panic_is_told_once_with_its_request() {
    let sentry = SentrySink::start().unwrap();
    let service = told_to(&sentry);
    let id = service.get("/panic").await.request_id();
    let line = service
        .line(|line| line["message"] == "unhandled_exception")
        .await;
    service.stop().unwrap();
    let event = only_event_of(&sentry, &id);
    assert_eq!(event["transaction"], "/panic");
    assert_eq!(event["exception"]["values"][0]["type"], "panic");
    assert_eq!(event["exception"]["values"][0]["value"], "as asked");
    assert_eq!(event["environment"], "development");
    assert!(event["release"].as_str().unwrap().contains('@'), "{event}");
    for key in ["trace_id", "method", "route"] {
        assert_eq!(event["tags"][key], line[key], "{key}");
    }
    assert_eq!(event["contexts"]["trace"]["trace_id"], line["trace_id"]);
    assert!(
        event.get("user").is_none() && event.get("request").is_none(),
        "{event}"
    );
}

#[tokio::test]
async fn a_failure_that_is_logged_twice_is_told_once_with_its_causes_and_what_led_to_it() {
    let sentry = SentrySink::start().unwrap();
    let service = told_to(&sentry);
    let id = service.get("/fails").await.request_id();
    service.stop().unwrap();
    let event = only_event_of(&sentry, &id);
    let values = |key: &str| -> Vec<String> {
        let exceptions = event["exception"]["values"].as_array().unwrap();
        let values = exceptions
            .iter()
            .map(|exception| exception[key].as_str().unwrap());
        values.map(str::to_owned).collect()
    };
    assert_eq!(
        values("value"),
        ["connection reset", "the thing was not saved"]
    );
    assert!(
        values("type")[1].contains("NotSaved"),
        "{:?}",
        values("type")
    );
    let crumbs = event["breadcrumbs"].to_string();
    assert!(
        crumbs.contains("about_to_fail") && crumbs.contains("it_failed"),
        "{crumbs}"
    );
}

#[tokio::test]
async fn an_error_that_is_logged_is_told_though_the_answer_is_good() {
    let sentry = SentrySink::start().unwrap();
    let service = told_to(&sentry);
    let id = service.get("/complains").await.request_id();
    service.stop().unwrap();
    let event = only_event_of(&sentry, &id);
    assert_eq!(event["message"], "something_is_wrong");
    assert_eq!(event["extra"]["part"], 7);
    assert_eq!(event["extra"]["api_key"], "[REDACTED]");
}

#[tokio::test]
async fn what_is_no_failure_is_not_told() {
    let sentry = SentrySink::start().unwrap();
    let service = told_to(&sentry);
    for path in ["/ok", "/whisper", "/nowhere"] {
        service.get(path).await;
    }
    service.stop().unwrap();
    assert_eq!(sentry.envelopes(), Vec::<String>::new());
}

#[tokio::test]
async fn one_kind_of_failure_is_told_ten_times_and_the_rest_is_counted() {
    let sentry = SentrySink::start().unwrap();
    let service = told_to(&sentry);
    for _ in 0..30 {
        service.get("/panic").await;
    }
    service
        .metric("telemetry_dropped_total{reason=\"rate_limited\",signal=\"errors\"} 20")
        .await;
    service.stop().unwrap();
    assert_eq!(sentry.events().len(), 10);
}

#[tokio::test]
async fn a_server_that_hangs_costs_no_request_and_no_end() {
    let sentry = SentrySink::hanging().unwrap();
    let service = told_to(&sentry);
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(service.get("/panic").await.status, 500);
    }
    assert!(began.elapsed() < PATIENCE);
    assert!(sentry.wait_for(|_| true, PATIENCE).is_some());
    let ending = Instant::now();
    let (status, lines) = service.stop().unwrap();
    assert!(
        ending.elapsed() < Duration::from_secs(15),
        "{:?}",
        ending.elapsed()
    );
    assert!(status.success());
    let stopped = lines
        .iter()
        .find(|line| line["message"] == "application_stopped");
    assert_eq!(stopped.unwrap()["errors_flushed"], false);
}

#[tokio::test]
async fn it_is_told_whether_errors_go_anywhere() {
    let configured = |service: TestService| async move {
        let line = service
            .line(|line| line["message"] == "telemetry_configured")
            .await;
        line["errors"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        configured(service().start().unwrap()).await,
        "off: no SENTRY__DSN"
    );
    let sentry = SentrySink::start().unwrap();
    assert_eq!(configured(told_to(&sentry)).await, "on: sentry");
}
