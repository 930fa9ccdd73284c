use belvedere_testing::TestService;
use serde_json::{Value, json};

use super::{audit, order, put, see};
use crate::helpers::service;

const CHANGED: &str = "sampling_changed";

fn start(ratio: &str) -> TestService {
    let service = service().variable("OTEL_TRACES_SAMPLER_ARG", ratio);
    service.start().expect("the service starts")
}

/// A request's trace, and whether it was sampled.
async fn traced(service: &TestService) -> (String, bool) {
    let id = service.get("/ok").await.request_id();
    let line = service.completed(&id).await;
    let trace_id = line["trace_id"]
        .as_str()
        .expect("every line has one")
        .to_owned();
    (trace_id, line["trace_flags"] == "01")
}

#[tokio::test]
async fn the_ratio_changes_which_traces_arrive() {
    let service = start("0");
    let (before, is_sampled) = traced(&service).await;
    assert!(!is_sampled);
    let shown = order(&service, "/sampling", json!({"ratio": 1})).await;
    let wanted =
        json!({"ratio": 1.0, "configured": 0.0, "follows_parent": true, "is_exporting": true});
    assert_eq!(shown, wanted);
    let (while_on, is_sampled) = traced(&service).await;
    assert!(is_sampled);
    assert!(service.trace(&while_on).await.contains("GET /ok"));
    order(&service, "/sampling", json!({"ratio": 0.0})).await;
    let (after, is_sampled) = traced(&service).await;
    assert!(!is_sampled);
    order(&service, "/sampling", json!({"ratio": 1.0})).await;
    let (last, _) = traced(&service).await;
    service.trace(&last).await;
    let spans = service.otlp().spans();
    assert!(
        !spans
            .iter()
            .any(|span| span.trace_id == before || span.trace_id == after)
    );
}

#[tokio::test]
async fn a_ratio_ordered_for_a_time_gives_back_the_configured_one() {
    let service = start("0");
    let body = json!({"ratio": 0.5, "ttl_seconds": 1});
    assert_eq!(order(&service, "/sampling", body).await["ttl_seconds"], 1);
    let line = audit(&service, CHANGED, |line| line["by"] == "expiry").await;
    assert_eq!((&line["old"], &line["new"]), (&json!(0.5), &json!(0.0)));
    let shown = see(&service, "/sampling").await;
    assert_eq!(
        (&shown["ratio"], shown.get("ttl_seconds")),
        (&json!(0.0), None)
    );
    assert!(!traced(&service).await.1);
}

#[tokio::test]
async fn a_changed_ratio_leaves_one_line_that_says_who_and_what() {
    let service = start("0.25");
    order(
        &service,
        "/sampling",
        json!({"ratio": 1, "ttl_seconds": 600}),
    )
    .await;
    let line = audit(&service, CHANGED, |_| true).await;
    let told = ["old", "new", "ttl_seconds", "by"].map(|key| line[key].clone());
    assert_eq!(
        told,
        [json!(0.25), json!(1.0), json!(600), json!("operator")]
    );
    assert!(line["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
}

#[tokio::test]
async fn a_bad_ratio_is_refused_with_the_field_and_changes_nothing() {
    let service = start("0.25");
    for (body, field) in [
        (json!({"ratio": 1.01}), "ratio"),
        (json!({"ratio": -0.1}), "ratio"),
        (json!({"ratio": "1"}), "ratio"),
        (json!({}), "ratio"),
        (json!({"ratio": 1, "ttl_seconds": -5}), "ttl_seconds"),
        (json!({"ratio": 1, "tll_seconds": 5}), "tll_seconds"),
    ] {
        let answer = put(&service, "/sampling", &body).await;
        let problem = answer.json();
        assert_eq!(answer.status, 422, "{body}: {problem}");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    assert_eq!(see(&service, "/sampling").await["ratio"], 0.25);
}

#[tokio::test]
async fn what_is_not_exported_has_no_ratio_to_change() {
    let service = service()
        .variable("OTEL_SDK_DISABLED", "true")
        .start()
        .unwrap();
    let shown = see(&service, "/sampling").await;
    assert_eq!(shown["is_exporting"], Value::Bool(false));
    let answer = put(&service, "/sampling", &json!({"ratio": 1})).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (409, &json!("traces_off"))
    );
}
