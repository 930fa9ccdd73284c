use serde_json::json;

use crate::helpers::start;

#[tokio::test]
async fn an_order_is_placed_and_read_back() {
    let service = start();
    let placed = service
        .post("/v1/orders", &json!({"product": "espresso", "quantity": 2}))
        .await;
    assert_eq!(placed.status, 201);
    let order = placed.json();
    assert_eq!(order["total_cents"], 500);
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(service.get(&path).await.json(), order);
    }
    let others = service.tenant("other").get(&path).await;
    assert_eq!(others.status, 404);
}

#[tokio::test]
async fn the_list_goes_on_where_the_page_before_ended() {
    let service = start();
    for quantity in 1..=3 {
        service
            .post(
                "/v1/orders",
                &json!({"product": "espresso", "quantity": quantity}),
            )
            .await;
    }
    let first = service.get("/v1/orders?limit=2").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = service
        .get(&format!("/v1/orders?limit=2&cursor={cursor}"))
        .await
        .json();
    let quantities = |page: &serde_json::Value| -> Vec<_> {
        page["orders"]
            .as_array()
            .unwrap()
            .iter()
            .map(|order| order["quantity"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(
        (quantities(&first), quantities(&rest)),
        (vec![3, 2], vec![1])
    );
    assert!(rest["next_cursor"].is_null());
}

#[tokio::test]
async fn what_cannot_be_sold_is_refused_with_its_reason() {
    let service = start();
    for (product, quantity, status, error) in [
        ("geisha", 4, 409, "out_of_stock"),
        ("machine", 2, 402, "payment_refused"),
        ("tea", 1, 422, "unknown_product"),
        ("espresso", 0, 422, "validation_failed"),
    ] {
        let answer = service
            .post(
                "/v1/orders",
                &json!({"product": product, "quantity": quantity}),
            )
            .await;
        assert_eq!(
            (answer.status, answer.json()["error"].as_str()),
            (status, Some(error)),
            "{product}"
        );
    }
    let refused = service
        .post("/v1/orders", &json!({"product": "geisha", "quantity": 3}))
        .await;
    assert_eq!(
        refused.status, 201,
        "what was not paid for is in stock again"
    );
}
