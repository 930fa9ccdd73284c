//! What the database does not take.

use reqwest::Method;

use super::started;

#[tokio::test]
async fn what_a_caller_sends_wrong_is_told_as_its_mistake() {
    let service = started();
    for (product, wanted) in [
        ("spire", (200, None)),
        ("spire", (409, Some("product_taken"))),
        ("a\0b", (422, Some("invalid_text"))),
    ] {
        let request = service.anonymous().request(Method::POST, "/orders");
        let answer = request.body(product).send().await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.text().await.unwrap();
        let problem: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        assert_eq!((status, problem["error"].as_str()), wanted, "{body}");
    }
}
