//! Every route of a service, called by nobody.

use belvedere_testing::{Answer, TestService, TokenIssuer};
use reqwest::Method;

use super::guarded;

const GUARDED: [(&str, &str); 14] = [
    ("GET", "/v1/orders"),
    ("POST", "/v1/orders"),
    ("GET", "/v1/orders/7"),
    ("PUT", "/v1/orders/7"),
    ("DELETE", "/v1/orders/7"),
    ("HEAD", "/v1/orders/7"),
    ("GET", "/v1/reports/a/b/c"),
    ("PATCH", "/v1/any"),
    ("TRACE", "/v1/any"),
    ("GET", "/files"),
    ("GET", "/files/a/b"),
    ("POST", "/files/"),
    // Not there, but nobody is told so of what is for callers.
    ("PATCH", "/v1/orders"),
    ("OPTIONS", "/v1/orders/7"),
];

/// What is declared to be for anybody, and what everybody is told.
const OPEN: [(&str, &str, u16); 8] = [
    ("POST", "/v1/login", 200),
    ("GET", "/v1/login", 405),
    ("GET", "/health/live", 200),
    ("GET", "/health/ready", 200),
    ("GET", "/health/startup", 200),
    ("GET", "/nowhere", 404),
    ("GET", "/metrics", 404),
    // Open by mistake: its handler asks who calls, and gets nobody.
    ("GET", "/v1/mistaken", 401),
];

async fn ask(service: &TestService, method: &str, path: &str) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    Answer::of(service.anonymous().request(method, path)).await
}

async fn walk(service: &TestService) {
    for (method, path) in GUARDED {
        let answer = ask(service, method, path).await;
        assert_eq!(answer.status, 401, "{method} {path}");
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer",
            "{method} {path}"
        );
    }
    for (method, path, status) in OPEN {
        assert_eq!(
            ask(service, method, path).await.status,
            status,
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn each_route_refuses_nobody_or_was_declared_open_where_headers_are_trusted() {
    walk(&guarded().start().unwrap()).await;
}

#[tokio::test]
async fn each_route_refuses_nobody_or_was_declared_open_where_tokens_are_asked_for() {
    let issuer = TokenIssuer::start().unwrap();
    walk(&guarded().tokens(&issuer).start().unwrap()).await;
}

#[tokio::test]
async fn what_is_mistaken_for_open_knows_nobody_whoever_calls() {
    let service = guarded().start().unwrap();
    assert_eq!(service.get("/v1/mistaken").await.status, 401);
    assert_eq!(service.get("/v1/orders").await.status, 200);
}
