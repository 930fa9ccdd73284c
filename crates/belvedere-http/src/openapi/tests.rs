use axum::body::Body;
use belvedere_core::About;
use http::{HeaderValue, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use utoipa::{OpenApi, ToSchema};

use axum::response::IntoResponse;

use super::*;

#[derive(ToSchema)]
#[expect(dead_code, reason = "only its shape is told")]
struct Wish {
    #[schema(min_length = 1)]
    product: String,
}

/// Places an order.
#[utoipa::path(post, path = "/v1/orders", request_body = Wish, responses((status = 201, body = Wish), (status = 409)))]
#[expect(dead_code, reason = "only what is told of it is read")]
async fn place() {}

#[utoipa::path(get, path = "/v1/orders/{id}", params(("id" = String, Path)), responses((status = 200), (status = 404)))]
#[expect(dead_code, reason = "only what is told of it is read")]
async fn read() {}

#[utoipa::path(get, path = "/hello", responses((status = 200), (status = 503, description = "Asleep.")))]
#[expect(dead_code, reason = "only what is told of it is read")]
async fn hello() {}

fn told() -> Value {
    #[derive(OpenApi)]
    #[openapi(paths(place, read))]
    struct Guarded;
    #[derive(OpenApi)]
    #[openapi(paths(hello))]
    struct Open;
    let described = Described {
        guarded: Guarded::openapi(),
        open: Open::openapi(),
    };
    let about = About::new("shop", "1.2.3");
    serde_json::to_value(document(&about, described, Credentials::Headers)).unwrap()
}

fn statuses(operation: &Value) -> Vec<&str> {
    let responses = operation["responses"].as_object().unwrap();
    responses.keys().map(String::as_str).collect()
}

#[test]
fn each_route_tells_what_the_framework_can_answer_there_and_no_more() {
    let paths = &told()["paths"];
    let always = ["414", "429", "431", "500", "503"];
    let with = |own: &[&'static str]| {
        let mut all: Vec<_> = own.iter().chain(&always).copied().collect();
        all.sort_unstable();
        all
    };
    let place = &paths["/v1/orders"]["post"];
    assert_eq!(
        statuses(place),
        with(&["201", "400", "401", "408", "409", "413", "415", "422"])
    );
    let read = &paths["/v1/orders/{id}"]["get"];
    assert_eq!(statuses(read), with(&["200", "400", "401", "404"]));
    assert_eq!(statuses(&paths["/hello"]["get"]), with(&["200"]));
}

#[test]
fn a_refusal_is_a_problem_though_its_author_did_not_say_so() {
    let told = told();
    let conflict = &told["paths"]["/v1/orders"]["post"]["responses"]["409"];
    let problem = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
    assert_eq!(conflict["description"], "Conflict");
    assert_eq!(conflict["content"]["application/problem+json"], problem);
    let shared = &told["components"]["responses"]["ServiceUnavailable"];
    assert_eq!(shared["content"]["application/problem+json"], problem);
    assert!(shared["headers"]["retry-after"].is_object());
    let asleep = &told["paths"]["/hello"]["get"]["responses"]["503"];
    assert_eq!(asleep["description"], "Asleep.");
}

#[test]
fn a_problem_has_the_members_it_is_told_to_have() {
    let schema = &told()["components"]["schemas"]["Problem"];
    let problem = crate::Problem::validation(Vec::new()).field("a", "b");
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let body = problem.into_response().into_body().collect();
    let body = runtime.unwrap().block_on(body).unwrap().to_bytes();
    let problem: Value = serde_json::from_slice(&body).unwrap();
    let members = problem.as_object().unwrap();
    assert!(
        members
            .keys()
            .all(|name| schema["properties"][name].is_object())
    );
    let required = schema["required"].as_array().unwrap();
    assert!(
        required
            .iter()
            .all(|name| members.contains_key(name.as_str().unwrap()))
    );
}

#[test]
fn every_answer_has_the_header_that_every_answer_has() {
    let told = told();
    let paths = told["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|item| item.as_object().unwrap().values());
    let answers =
        operations.flat_map(|operation| operation["responses"].as_object().unwrap().values());
    let shared = told["components"]["responses"]
        .as_object()
        .unwrap()
        .values();
    let own = answers.filter(|answer| answer["$ref"].is_null());
    assert!(
        own.chain(shared)
            .all(|answer| answer["headers"]["x-request-id"].is_object())
    );
    assert!(told["components"]["headers"]["x-request-id"].is_object());
}

#[test]
fn callers_are_asked_for_where_the_route_is_guarded() {
    let told = told();
    let asked = json!([{"tenant": []}, {"tenant": [], "user": []}]);
    assert_eq!(told["paths"]["/v1/orders"]["post"]["security"], asked);
    assert_eq!(told["paths"]["/hello"]["get"]["security"], Value::Null);
    let tenant = &told["components"]["securitySchemes"]["tenant"];
    assert_eq!(
        (&tenant["type"], &tenant["name"]),
        (&json!("apiKey"), &json!("x-tenant-id"))
    );
}

#[test]
fn operations_are_sorted_by_domain_and_named_once() {
    let told = told();
    let place = &told["paths"]["/v1/orders"]["post"];
    assert_eq!(
        (&place["tags"], &place["operationId"]),
        (&json!(["orders"]), &json!("orders_place"))
    );
    assert_eq!(told["info"], json!({"title": "shop", "version": "1.2.3"}));
}

async fn get(path: &str, known: Option<HeaderValue>) -> (u16, http::HeaderMap, String) {
    let mut request = Request::get(path);
    if let Some(tag) = known {
        request = request.header("if-none-match", tag);
    }
    let routes = routes(&utoipa::openapi::OpenApi::default());
    let answer = routes
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        head.status.as_u16(),
        head.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn who_has_it_already_is_not_sent_it_again() {
    for path in ["/openapi.json", "/docs", "/docs/page.js", "/docs/page.css"] {
        let (status, headers, body) = get(path, None).await;
        assert_eq!((status, body.is_empty()), (200, false), "{path}");
        assert_eq!(headers["cache-control"], "no-cache");
        let tag = headers["etag"].clone();
        let (status, headers, body) = get(path, Some(tag.clone())).await;
        assert_eq!(
            (status, &*body, &headers["etag"]),
            (304, "", &tag),
            "{path}"
        );
        let weak = format!("\"other\", W/{}", tag.to_str().unwrap());
        assert_eq!(get(path, Some(weak.parse().unwrap())).await.0, 304);
        assert_eq!(get(path, Some("\"other\"".parse().unwrap())).await.0, 200);
    }
}

#[tokio::test]
async fn the_page_may_ask_nobody_but_this_service() {
    let (_, headers, page) = get("/docs", None).await;
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    for loose in ["unsafe", "http", "*", "data:"] {
        assert!(!policy.contains(loose), "{policy}");
    }
    let (_, _, script) = get("/docs/page.js", None).await;
    let (_, _, style) = get("/docs/page.css", None).await;
    for file in [page, script, style] {
        assert!(!file.contains("://"), "{file}");
    }
}
