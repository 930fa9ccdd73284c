//! What callers are told about input that does not fit.

use axum::{
    Router,
    routing::{get, post},
};
use belvedere_http::extract::{Json, Path, Query, Valid};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::harness::{Answer, LIMIT, Service, Setup};

const JSON: &str = "content-type: application/json\r\n";

#[derive(Serialize, Deserialize, Validate)]
struct Order {
    #[garde(dive)]
    items: Vec<Item>,
}

#[derive(Serialize, Deserialize, Validate)]
struct Item {
    #[garde(length(min = 3))]
    sku: String,
    #[garde(range(min = 1))]
    quantity: u32,
}

#[derive(Deserialize, Validate)]
struct Page {
    #[garde(range(max = 100))]
    size: u32,
}

#[derive(Deserialize)]
struct Place {
    shop: u32,
    shelf: u32,
}

async fn service() -> Service {
    let routes = Router::new()
        .route(
            "/orders",
            post(|Valid(order): Valid<Json<Order>>| async { order }),
        )
        .route(
            "/page",
            get(|Valid(Query(page)): Valid<Query<Page>>| async move { page.size.to_string() }),
        )
        .route(
            "/one/{id}",
            get(|Path(id): Path<u32>| async move { id.to_string() }),
        )
        .route(
            "/two/{shop}/{shelf}",
            get(|Path((shop, shelf)): Path<(u32, u32)>| async move { (shop + shelf).to_string() }),
        )
        .route(
            "/named/{shop}/{shelf}",
            get(|Path(place): Path<Place>| async move { (place.shop + place.shelf).to_string() }),
        )
        .route("/mistaken/{id}", get(|Path(_): Path<(u32, u32)>| async {}));
    let setup = Setup {
        routes,
        ..Setup::default()
    };
    setup.start().await
}

async fn order(lines: &str, body: &str) -> Answer {
    service().await.ask("POST", "/orders", lines, body).await
}

async fn refused(status: u16, answer: Answer) -> Value {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], status);
    problem
}

/// The fields that the problem of this order names.
async fn fields(body: &Value) -> Vec<Value> {
    let problem = refused(422, order(JSON, &body.to_string()).await).await;
    assert_eq!(problem["error"], "validation_failed");
    named(&problem)
}

fn named(problem: &Value) -> Vec<Value> {
    let errors = problem["errors"].as_array().unwrap().iter();
    errors
        .map(|error| {
            assert_ne!(error["message"], "", "{problem}");
            error["field"].clone()
        })
        .collect()
}

/// The parameter that the problem of this path names.
async fn parameter(path: &str, code: &str) -> Vec<Value> {
    let problem = refused(400, service().await.get(path).await).await;
    assert_eq!(problem["error"], code);
    named(&problem)
}

#[tokio::test]
async fn a_good_order_is_taken_as_any_kind_of_json() {
    let service = service().await;
    let body = json!({"items": [{"sku": "abc", "quantity": 1}]});
    for kind in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/vnd.order+json",
    ] {
        let line = format!("content-type: {kind}\r\n");
        let answer = service
            .ask("POST", "/orders", &line, &body.to_string())
            .await;
        assert_eq!(
            (answer.status, answer.json()),
            (200, body.clone()),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_by_its_type_is_refused() {
    let service = service().await;
    for lines in [
        "",
        "content-type: text/plain\r\n",
        "content-type: text/json\r\n",
    ] {
        let answer = service.ask("POST", "/orders", lines, "{}").await;
        let problem = refused(415, answer).await;
        assert_eq!(problem["error"], "unsupported_media_type");
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_by_its_place() {
    let service = service().await;
    for body in ["", "{\"items\":", "{\"items\": []} and more"] {
        let answer = service.ask("POST", "/orders", JSON, body).await;
        let problem = refused(400, answer).await;
        assert_eq!(problem["error"], "malformed_json");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("line 1 column")
        );
    }
}

#[tokio::test]
async fn a_document_may_be_nested_as_deep_as_the_limit_and_no_deeper() {
    let service = Service::start().await;
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let answer = service.ask("POST", "/json", JSON, &nested(64)).await;
    assert_eq!(answer.status, 200);
    let answer = service.ask("POST", "/json", JSON, &nested(65)).await;
    assert_eq!(refused(400, answer).await["error"], "json_too_deep");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_by_its_declared_length() {
    let problem = refused(413, order(JSON, &" ".repeat(LIMIT + 1)).await).await;
    assert_eq!(problem["error"], "payload_too_large");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_though_it_declares_nothing() {
    let service = service().await;
    let mut wire = service.connect().await;
    let size = LIMIT + 1;
    let body = " ".repeat(size);
    wire.say(format!("POST /orders HTTP/1.1\r\nhost: test\r\n{JSON}transfer-encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n"))
        .await;
    assert_eq!(
        refused(413, wire.answer().await).await["error"],
        "payload_too_large"
    );
}

#[tokio::test]
async fn a_value_of_another_type_is_named_within_its_array() {
    let body = json!({"items": [{"sku": "abc", "quantity": 1}, {"sku": "def", "quantity": "two"}]});
    assert_eq!(fields(&body).await, ["items[1].quantity"]);
}

#[tokio::test]
async fn a_missing_value_is_named_within_its_array() {
    let body = json!({"items": [{"quantity": 1}]});
    assert_eq!(fields(&body).await, ["items[0].sku"]);
}

#[tokio::test]
async fn a_missing_value_at_the_top_is_named() {
    assert_eq!(fields(&json!({})).await, ["items"]);
}

#[tokio::test]
async fn a_body_of_another_shape_names_no_field() {
    assert_eq!(fields(&json!("an order")).await, [""]);
}

#[tokio::test]
async fn every_value_that_breaks_a_rule_is_named_within_its_array() {
    let body = json!({"items": [{"sku": "a", "quantity": 1}, {"sku": "def", "quantity": 0}]});
    assert_eq!(fields(&body).await, ["items[0].sku", "items[1].quantity"]);
}

#[tokio::test]
async fn a_single_parameter_that_does_not_parse_is_named() {
    assert_eq!(parameter("/one/x", "invalid_path").await, ["id"]);
}

#[tokio::test]
async fn one_of_two_parameters_that_does_not_parse_is_named() {
    assert_eq!(parameter("/two/1/x", "invalid_path").await, ["shelf"]);
}

#[tokio::test]
async fn a_parameter_of_a_struct_that_does_not_parse_is_named() {
    assert_eq!(parameter("/named/1/x", "invalid_path").await, ["shelf"]);
}

#[tokio::test]
async fn a_parameter_that_is_no_text_is_named() {
    assert_eq!(parameter("/two/1/%FF", "invalid_path").await, ["shelf"]);
}

#[tokio::test]
async fn a_handler_that_asks_for_parameters_its_route_does_not_have_is_our_own_error() {
    let service = service().await;
    let problem = refused(500, service.get("/mistaken/1").await).await;
    assert_eq!(problem["errors"], Value::Null);
    assert_eq!(service.sole_record().await.summary(), ("error", 500, 1));
}

#[tokio::test]
async fn a_parameter_of_the_query_that_does_not_parse_is_named() {
    assert_eq!(parameter("/page?size=x", "invalid_query").await, ["size"]);
}

#[tokio::test]
async fn a_parameter_that_the_query_lacks_is_named() {
    assert_eq!(parameter("/page", "invalid_query").await, ["size"]);
}

#[tokio::test]
async fn a_parameter_of_the_query_that_breaks_a_rule_is_named() {
    let problem = refused(422, service().await.get("/page?size=101").await).await;
    assert_eq!(named(&problem), ["size"]);
}
