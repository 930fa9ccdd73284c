use belvedere_testing::ThrowAwayRedis;
use serde_json::json;

use crate::helpers::builder;

#[tokio::test]
async fn orders_are_read_through_redis_and_without_it() {
    let mut redis = ThrowAwayRedis::start().expect("Redis starts");
    let service = builder().variable("REDIS_URL", &redis.url());
    let service = service.start().expect("the service starts");
    let order = json!({"product": "espresso", "quantity": 2});
    let placed = service.post("/v1/orders", &order).await.json();
    let path = format!("/v1/orders/{}", placed["id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(service.get(&path).await.json(), placed);
    }
    service
        .metric(r#"cache_requests_total{cache="orders",result="hit"} 1"#)
        .await;
    redis.kill();
    assert_eq!(service.get(&path).await.json(), placed);
}
