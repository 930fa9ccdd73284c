use serde_json::json;

use crate::helpers::start;

#[tokio::test]
async fn probes_tell_the_state() {
    let service = start();
    assert_eq!(
        service.get("/health/live").await.json(),
        json!({"status": "ok"})
    );
    assert_eq!(
        service.get("/health/startup").await.json(),
        json!({"status": "ok"})
    );
    let ready = service.get("/health/ready").await.json();
    assert_eq!(ready["status"], "ready");
    assert_eq!(ready["checks"]["database"], "ok");
}

#[tokio::test]
async fn a_request_leaves_one_log_line_and_its_numbers() {
    let service = start();
    let answer = service.get("/v1/orders?limit=5").await;
    let line = service.completed(&answer.request_id()).await;
    assert_eq!(line["route"], "/v1/orders");
    assert_eq!(line["status_code"], 200);
    assert_eq!(line["tenant_id"], "acme");
    assert_eq!(line["trace_id"].as_str().unwrap().len(), 32);
    let metrics = service.metrics().await;
    assert!(
        metrics.contains(r#"http_requests_total{method="GET",path="/v1/orders",status="200"} 1"#),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_request_leaves_a_trace_down_to_its_statements() {
    let service = start();
    let answer = service
        .post("/v1/orders", &json!({"product": "espresso", "quantity": 1}))
        .await;
    let trace_id = service.completed(&answer.request_id()).await["trace_id"].clone();
    let tree = service.trace(trace_id.as_str().unwrap()).await;
    for span in [
        "POST /v1/orders",
        "process_order",
        "validate_inventory",
        "UPDATE products",
        "INSERT orders",
    ] {
        assert!(tree.contains(span), "{span} is not in\n{tree}");
    }
}

#[tokio::test]
async fn an_error_is_a_problem_that_can_be_found_again() {
    let service = start();
    let answer = service.get("/v1/nothing/here").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    let line = service.completed(&answer.request_id()).await;
    assert_eq!(
        (&problem["request_id"], &problem["trace_id"]),
        (&line["request_id"], &line["trace_id"])
    );
    assert_eq!(line["route"], "unmatched");
}
