//! Two services, one calling the other: one trace, one request id, and what the first makes of the other's end.

use belvedere_testing::{ReceivedSpan, TestService};

use crate::helpers::example;

const SECRET: &str = "hunter2";

/// A service, and one before it that calls it.
fn two() -> (TestService, TestService) {
    let last = TestService::builder(&example("relay"));
    let last = last.start().expect("the last one starts");
    let url = format!("http://ada:{SECRET}@{}/?key={SECRET}", last.http());
    let first = TestService::builder(&example("relay"))
        .variable("NEXT__URL", &url)
        .variable("NEXT__CIRCUIT_OPEN_SECONDS", "0.2");
    (first.start().expect("the first one starts"), last)
}

fn sole<'s>(spans: &'s [ReceivedSpan], kind: &str) -> &'s ReceivedSpan {
    let mut found = spans.iter().filter(|span| span.kind == kind);
    let sole = found.next().expect("a span");
    assert!(found.next().is_none(), "more than one: {spans:?}");
    sole
}

#[tokio::test]
async fn a_request_through_two_services_is_one_trace_and_has_one_id() {
    let (first, last) = two();
    let answer = first.get("/relay").await;
    assert_eq!(answer.status, 200);
    let (here, there) = (
        first.completed(&answer.request_id()).await,
        last.completed(&answer.request_id()).await,
    );
    assert_eq!(here["trace_id"], there["trace_id"]);
    let trace_id = here["trace_id"].as_str().unwrap();
    let trees = (first.trace(trace_id).await, last.trace(trace_id).await);
    assert!(trees.0.contains("GET next"), "{}", trees.0);
    let (above, below) = (first.otlp().trace(trace_id), last.otlp().trace(trace_id));
    let call = sole(&above, "client");
    assert_eq!(call.parent_span_id, sole(&above, "server").span_id);
    let retries = r#"http_client_retries_total{upstream="next"} 0"#;
    first.metric(retries).await;
    assert_eq!(sole(&below, "server").parent_span_id, call.span_id);
}

#[tokio::test]
async fn an_upstream_that_is_gone_is_told_and_its_url_is_not() {
    let (first, last) = two();
    drop(last);
    let mut answers = Vec::new();
    for _ in 0..40 {
        answers.push(first.get("/relay").await);
    }
    for answer in &answers {
        let told = (answer.status, answer.json()["error"].clone());
        assert_eq!(told, (503, "upstream_unavailable".into()));
    }
    first.metric(r#"dependency_up{dependency="next"} 0"#).await;
    let opened = |line: &serde_json::Value| line["message"] == "upstream_circuit_opened";
    assert_eq!(first.line(opened).await["upstream"], "next");
    let refused = answers.last().unwrap();
    assert!(!refused.header("retry-after").is_empty());
    let shown = format!(
        "{}{:?}{:?}{:?}",
        first.metrics().await,
        first.lines(),
        first.otlp().spans(),
        answers
            .iter()
            .map(|answer| answer.json())
            .collect::<Vec<_>>()
    );
    let config = reqwest::get(format!("http://{}/config", first.admin())).await;
    let shown = shown + &config.unwrap().text().await.unwrap();
    assert!(shown.contains("circuit_open_seconds") && shown.contains("no_connection"));
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn a_url_that_is_none_ends_the_start_by_its_variable_and_is_not_repeated() {
    let url = format!("postgres://{SECRET}@next");
    let output = std::process::Command::new(example("relay"))
        .env("NEXT__URL", url)
        .output()
        .expect("the example was built beside the tests");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{told}");
    assert!(
        told.contains("NEXT__URL") && !told.contains(SECRET),
        "{told}"
    );
}
