//! What Prometheus is given by a whole service.

use belvedere_testing::TestService;
use reqwest::header::{ACCEPT, CONTENT_TYPE};

use crate::helpers::service;

/// As Prometheus sends it.
const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
                          text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

/// The content type, and the text.
async fn scrape(service: &TestService, accept: &str) -> (String, String) {
    let url = format!("http://{}/metrics", service.admin());
    let request = reqwest::Client::new().get(url).header(ACCEPT, accept);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let content_type = answer.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
    (content_type, answer.text().await.unwrap())
}

/// Traces that stand beside the durations of a route.
fn exemplars(text: &str, path: &str) -> Vec<String> {
    let series = "http_request_duration_seconds_bucket{";
    let path = format!("path=\"{path}\"");
    let lines = text.lines().filter(|line| line.starts_with(series));
    let lines = lines.filter_map(|line| line.split_once(" # "));
    lines
        .filter(|(series, _)| series.contains(&path))
        .filter_map(|(_, exemplar)| {
            let (id, _) = exemplar.strip_prefix("{trace_id=\"")?.split_once('"')?;
            Some(id.to_owned())
        })
        .collect()
}

async fn trace_of(service: &TestService, path: &str) -> String {
    service.get(path).await;
    let is_it =
        |line: &serde_json::Value| line["message"] == "request_completed" && line["path"] == path;
    let line = service.line(is_it).await;
    line["trace_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_kept_request_leaves_its_trace_beside_its_duration() {
    let service = service()
        .variable("OTEL_TRACES_SAMPLER_ARG", "0")
        .variable("TRACE__SLOW_MS", "50")
        .start()
        .unwrap();
    trace_of(&service, "/ok").await;
    let slow = trace_of(&service, "/sleep/60").await;
    let (content_type, text) = scrape(&service, PROMETHEUS).await;
    assert_eq!(
        content_type,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(exemplars(&text, "/sleep/{millis}"), [slow]);
    assert_eq!(exemplars(&text, "/ok"), [""; 0]);
}

#[tokio::test]
async fn where_no_trace_is_sent_nothing_points_at_one() {
    let service = service()
        .variable("OTEL_TRACES_EXPORTER", "none")
        .start()
        .unwrap();
    service.get("/panic").await;
    service.get("/ok").await;
    let (_, text) = scrape(&service, PROMETHEUS).await;
    assert!(text.contains("http_request_duration_seconds_bucket{"));
    assert!(!text.contains("trace_id"), "{text}");
}

#[tokio::test]
async fn a_browser_is_given_the_text_format() {
    let service = service().start().unwrap();
    service.get("/ok").await;
    let (content_type, text) = scrape(&service, "text/html,*/*;q=0.8").await;
    assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
    assert!(text.contains("# TYPE http_requests_total counter\n"));
    assert!(!text.contains("trace_id") && !text.contains("# EOF"));
    for series in [
        "http_requests_total{method=\"GET\",path=\"/ok\",status=\"200\"} 1\n",
        "\nprocess_resident_memory_bytes ",
        "\ntokio_workers ",
    ] {
        assert!(text.contains(series), "no {series} in {text}");
    }
}

#[tokio::test]
async fn counters_are_there_before_what_they_count_has_happened() {
    let service = service().start().unwrap();
    for series in [
        "panics_total{where=\"body\"} 0",
        "panics_total{where=\"job\"} 0",
        "telemetry_dropped_total{reason=\"queue_full\",signal=\"logs\"} 0",
        "telemetry_dropped_total{reason=\"export_failed\",signal=\"traces\"} 0",
        "telemetry_dropped_total{reason=\"request_buffer_full\",signal=\"traces\"} 0",
    ] {
        service.metric(series).await;
    }
}
