//! Work beside requests, as its operator sees it.

use belvedere_testing::{OtlpSink, ReceivedSpan, SentrySink, TestService, TestServiceBuilder};
use serde_json::{Value, json};

use crate::helpers::example;

fn service() -> TestServiceBuilder {
    TestService::builder(&example("working"))
}

/// Orders work, and returns the line that it begins with.
async fn reconcile(service: &TestService, rows: u64) -> Value {
    service.get(&format!("/reconcile/{rows}")).await;
    service
        .line(|line| line["message"] == "reconciling" && line["rows"] == rows)
        .await
}

fn span<'s>(spans: &'s [ReceivedSpan], name: &str) -> &'s ReceivedSpan {
    let found = spans.iter().find(|span| span.name == name);
    found.unwrap_or_else(|| panic!("no {name}: {spans:?}"))
}

/// The spans of a trace, once its root has come.
async fn trace(service: &TestService, line: &Value) -> Vec<ReceivedSpan> {
    let trace_id = line["trace_id"].as_str().expect("it has a trace");
    loop {
        let spans = service.otlp().trace(trace_id);
        if spans.iter().any(|span| span.name == "reconcile") {
            return spans;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn work_outside_of_requests_is_a_trace_of_its_own_whose_ids_are_in_the_log() {
    let service = service().start().unwrap();
    let line = reconcile(&service, 3).await;
    assert!(
        line.get("route").is_none() && line.get("path").is_none(),
        "{line}"
    );
    assert_eq!(line["trace_flags"], "01");
    let spans = trace(&service, &line).await;
    let (root, sum, row) = (
        span(&spans, "reconcile"),
        span(&spans, "sum"),
        span(&spans, "row"),
    );
    assert_eq!(root.parent_span_id, "");
    assert_eq!(root.span_id, line["span_id"].as_str().unwrap());
    // A span of `tracing` is below the one that was captured.
    assert_eq!(
        (&sum.parent_span_id, &row.parent_span_id),
        (&root.span_id, &sum.span_id)
    );
    let summed = service.line(|line| line["message"] == "summed").await;
    assert_eq!(summed["trace_id"], line["trace_id"]);
}

#[tokio::test]
async fn sentry_is_told_of_a_transaction_and_of_its_failure_once() {
    let sentry = SentrySink::start().unwrap();
    let service = service()
        .variable("SENTRY_DSN", &sentry.dsn())
        .variable("SENTRY__TRACES_SAMPLE_RATE", "1")
        .variable("OTEL_TRACES_EXPORTER", "none")
        .start()
        .unwrap();
    let line = reconcile(&service, 3).await;
    reconcile(&service, 0).await;
    let panicked = reconcile(&service, 13).await;
    let restarted = service
        .line(|line| line["message"] == "task_restarted")
        .await;
    assert_eq!(
        (&restarted["task"], &restarted["ended_by"]),
        (&json!("ledger"), &json!("panic"))
    );
    service
        .metric(r#"task_restarts_total{task="ledger"} 1"#)
        .await;
    service.metric(r#"panics_total{where="task"} 1"#).await;
    // It goes on.
    reconcile(&service, 4).await;
    let (status, _) = service.stop().unwrap();
    assert!(status.success(), "{status}");
    let told: Vec<_> = sentry.transactions().into_iter().collect();
    let told: Vec<_> = told
        .iter()
        .filter(|told| told["transaction"] == "reconcile")
        .collect();
    assert_eq!(told.len(), 4);
    let of = |line: &Value| {
        let is_it = |told: &&&Value| told["contexts"]["trace"]["trace_id"] == line["trace_id"];
        told.iter().find(is_it).unwrap()["contexts"]["trace"].clone()
    };
    let fine = of(&line);
    assert_eq!(
        (&fine["op"], &fine["status"]),
        (&json!("ledger"), &json!("ok"))
    );
    assert_eq!(of(&panicked)["status"], "internal_error");
    let failed = told
        .iter()
        .filter(|told| told["contexts"]["trace"]["status"] == "internal_error");
    assert_eq!(failed.count(), 2);
    let events = sentry.events();
    let [event] = &*events else {
        panic!("{events:?}")
    };
    assert_eq!(
        (
            &event["transaction"],
            &event["contexts"]["trace"]["trace_id"]
        ),
        (&json!("reconcile"), &panicked["trace_id"])
    );
}

#[tokio::test]
async fn elastic_is_told_of_a_transaction_and_how_it_ended() {
    let elastic = OtlpSink::start().unwrap();
    let service = service()
        .variable("ELASTIC_APM__IS_ENABLED", "true")
        .variable("ELASTIC_APM__SERVER_URL", &elastic.endpoint())
        .variable("OTEL_TRACES_EXPORTER", "none")
        .start()
        .unwrap();
    let mut lines = Vec::new();
    for rows in [3, 0, 13] {
        lines.push(reconcile(&service, rows).await);
    }
    service
        .line(|line| line["message"] == "task_restarted")
        .await;
    assert!(service.stop().unwrap().0.success());
    let outcomes = [(1, None), (2, Some("working::Wrong")), (2, Some("panic"))];
    for (line, (code, class)) in lines.iter().zip(outcomes) {
        let spans = elastic.trace(line["trace_id"].as_str().unwrap());
        let root = span(&spans, "reconcile");
        // To Elastic a span without a parent is a transaction, and its status the outcome: without one it would be unknown.
        assert_eq!((&*root.parent_span_id, root.status_code), ("", code));
        let error_type = root.attributes.get("error.type").map(String::as_str);
        assert_eq!(error_type, class);
        assert_eq!(root.attributes["request_id"], line["request_id"]);
        assert_eq!(span(&spans, "sum").parent_span_id, root.span_id);
    }
}

#[tokio::test]
async fn the_end_of_a_critical_task_ends_the_process_with_a_code() {
    let service = service()
        .variable("SHUTDOWN__DRAIN_SECONDS", "0")
        .start()
        .unwrap();
    reconcile(&service, 99).await;
    let (status, lines) = service.ended().unwrap();
    assert_eq!(status.code(), Some(1));
    let told = |message: &str| lines.iter().any(|line| line["message"] == message);
    for message in [
        "critical_task_ended",
        "application_draining",
        "ledger_closed",
        "application_stopped",
    ] {
        assert!(told(message), "{message}");
    }
}
