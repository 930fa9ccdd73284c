use serde_json::json;

use crate::helpers::start;

#[tokio::test]
async fn an_order_is_confirmed_by_a_job_that_knows_its_request() {
    let service = start();
    let order = json!({"product": "espresso", "quantity": 1});
    let placed = service.post("/v1/orders", &order).await;
    let line = service
        .line(|line| line["message"] == "order_confirmed")
        .await;
    assert_eq!(line["order_id"], placed.json()["id"]);
    assert_eq!(line["request_id"], placed.request_id());
    service
        .metric(r#"jobs_total{job="send_confirmation",outcome="ok"} 1"#)
        .await;
}
