use serde_json::json;

use crate::helpers::start;

#[tokio::test]
async fn an_address_signs_up_once() {
    let service = start();
    let ada = json!({"email": "ada@example.org", "source": "web"});
    let answer = service.post("/v1/users", &ada).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["email"], "ada@example.org");
    let again = service.post("/v1/users", &ada).await;
    assert_eq!(
        (again.status, again.json()["error"].as_str()),
        (409, Some("email_taken"))
    );
}

#[tokio::test]
async fn a_bad_address_is_named() {
    let service = start();
    let answer = service.post("/v1/users", &json!({"email": "ada"})).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["errors"][0]["field"], "email");
}

#[tokio::test]
async fn a_caller_without_a_tenant_is_refused() {
    let service = start();
    let answer = service.anonymous().get("/v1/orders").await;
    assert_eq!(
        (answer.status, answer.json()["error"].as_str()),
        (401, Some("unauthorized"))
    );
}
