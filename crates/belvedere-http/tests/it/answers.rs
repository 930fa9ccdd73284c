//! What every answer carries, whoever made it.

mod compressed;
mod cors;

use axum::{Router, response::IntoResponse, routing::get};
use http::header::{CONTENT_SECURITY_POLICY, X_FRAME_OPTIONS};

use crate::harness::{Answer, Service, Setup};

/// By OWASP's REST security cheat sheet.
pub(crate) const SECURITY: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
];

fn assert_secured(answer: &Answer, what: &str) {
    for (name, value) in SECURITY {
        let all: Vec<_> = answer.headers.get_all(name).iter().collect();
        assert_eq!(all, [value], "{name} of {what}");
    }
    let is_problem = answer.header("content-type") == "application/problem+json";
    let cached = if is_problem { "no-store" } else { "" };
    assert_eq!(answer.header("cache-control"), cached, "{what}");
}

#[tokio::test]
async fn every_answer_says_what_a_browser_must_not_do_with_it() {
    let service = Service::start().await;
    for (path, status) in [
        ("/ok", 200),
        ("/empty", 204),
        ("/nowhere", 404),
        ("/upload", 405),
        ("/panic", 500),
        ("/middleware-panic", 500),
        ("/broken", 500),
        ("/bare", 500),
        ("/health/live", 200),
    ] {
        let answer = service.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert_secured(&answer, path);
    }
}

#[tokio::test]
async fn a_handler_keeps_the_headers_that_it_has_set() {
    let page = async || {
        let policy = (CONTENT_SECURITY_POLICY, "default-src 'self'");
        ([policy, (X_FRAME_OPTIONS, "SAMEORIGIN")], "a page").into_response()
    };
    let setup = Setup {
        routes: Router::new().route("/page", get(page)),
        ..Setup::default()
    };
    let answer = setup.start().await.get("/page").await;
    let policies = answer.headers.get_all("content-security-policy");
    assert_eq!(policies.iter().collect::<Vec<_>>(), ["default-src 'self'"]);
    assert_eq!(answer.header("x-frame-options"), "SAMEORIGIN");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}
