use std::process::Command;

use belvedere_testing::{Answer, TestService, TestServiceBuilder};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{WHISPERER, debug, put, see, to_admin};
use crate::helpers::{rough, service};

const TOKEN: &str = "correct-horse-battery";

/// Where other machines reach it as well.
fn exposed() -> TestServiceBuilder {
    service().variable("ADMIN__ADDR", "0.0.0.0:0")
}

/// Everything that changes something.
fn orders(service: &TestService) -> [RequestBuilder; 3] {
    [
        to_admin(service, Method::PUT, WHISPERER).json(&debug()),
        to_admin(service, Method::DELETE, WHISPERER),
        to_admin(service, Method::PUT, "/sampling").json(&json!({"ratio": 1})),
    ]
}

async fn answers(
    service: &TestService,
    with: impl Fn(RequestBuilder) -> RequestBuilder,
) -> Vec<(u16, Value)> {
    let mut answers = Vec::new();
    for order in orders(service) {
        let answer = Answer::of(with(order)).await;
        answers.push((answer.status, answer.json()["error"].clone()));
    }
    answers
}

fn is_unprotected(line: &Value) -> bool {
    line["message"] == "admin_without_token"
}

#[tokio::test]
async fn without_a_token_loopback_is_obeyed() {
    let service = service().start().unwrap();
    let answers = answers(&service, |order| order).await;
    assert!(
        answers.iter().all(|(status, _)| *status == 200),
        "{answers:?}"
    );
    let (_, lines) = service.stop().unwrap();
    assert!(!lines.iter().any(is_unprotected));
}

#[tokio::test]
async fn without_a_token_an_exposed_listener_obeys_nobody_and_warns_at_the_start() {
    let service = exposed().start().unwrap();
    let warned = service.line(is_unprotected).await;
    assert_eq!(warned["level"], "warn");
    assert!(warned["detail"].as_str().unwrap().contains("ADMIN__TOKEN"));
    let answers = answers(&service, |order| order.bearer_auth(TOKEN)).await;
    assert_eq!(
        answers,
        [(); 3].map(|()| (403, json!("admin_token_not_set")))
    );
    let problem = put(&service, WHISPERER, &debug()).await.json();
    assert!(problem["detail"].as_str().unwrap().contains("ADMIN__TOKEN"));
    assert_eq!(see(&service, WHISPERER).await["level"], "info");
}

#[tokio::test]
async fn with_a_token_only_who_knows_it_is_obeyed() {
    let at_home = service().variable("ADMIN__TOKEN", TOKEN);
    let outside = exposed().variable("ADMIN__TOKEN", TOKEN);
    for builder in [at_home, outside] {
        let service = builder.start().unwrap();
        let unknown = [(); 3].map(|()| (401, json!("unauthorized")));
        assert_eq!(answers(&service, |order| order).await, unknown);
        let wrong = |order: RequestBuilder| order.bearer_auth("correct-horse-batterx");
        assert_eq!(answers(&service, wrong).await, unknown);
        assert_eq!(see(&service, WHISPERER).await["level"], "info");
        let told = answers(&service, |order| order.bearer_auth(TOKEN)).await;
        assert!(told.iter().all(|(status, _)| *status == 200), "{told:?}");
        let (_, lines) = service.stop().unwrap();
        assert!(!lines.iter().any(is_unprotected));
    }
}

#[tokio::test]
async fn who_is_not_known_is_told_how_to_be() {
    let service = service().variable("ADMIN__TOKEN", TOKEN).start().unwrap();
    let answer = put(&service, WHISPERER, &debug()).await;
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert!(answer.json()["detail"].as_str().unwrap().contains("Bearer"));
}

#[tokio::test]
async fn a_token_can_stand_in_a_file_and_is_not_shown() {
    let file = std::env::temp_dir().join(format!("belvedere-token-{}", std::process::id()));
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let service = service()
        .variable("ADMIN__TOKEN_FILE", file.to_str().unwrap())
        .start();
    std::fs::remove_file(&file).unwrap();
    let service = service.unwrap();
    assert_eq!(put(&service, WHISPERER, &debug()).await.status, 401);
    let told = answers(&service, |order| order.bearer_auth(TOKEN)).await;
    assert!(told.iter().all(|(status, _)| *status == 200), "{told:?}");
    assert_eq!(
        see(&service, "/config").await["admin"]["token"],
        "[REDACTED]"
    );
}

#[test]
fn a_token_that_is_none_ends_the_start() {
    for bad in ["short", "with spaces in the middle", "ümläut-ümläut-ümläut"] {
        let output = Command::new(rough())
            .arg("config")
            .env("ADMIN__TOKEN", bad)
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78));
        assert!(
            told.contains("ADMIN__TOKEN") && !told.contains(bad),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_page_in_a_browser_changes_nothing() {
    let service = service().variable("ADMIN__TOKEN", TOKEN).start().unwrap();
    let own = format!("http://{}", service.admin());
    for origin in ["https://evil.example", "null", &own] {
        let from_page = |order: RequestBuilder| order.bearer_auth(TOKEN).header("origin", origin);
        let refused = [(); 3].map(|()| (403, json!("browser_refused")));
        assert_eq!(answers(&service, from_page).await, refused, "{origin}");
    }
    assert_eq!(see(&service, WHISPERER).await["level"], "info");
}

#[tokio::test]
async fn what_a_form_can_send_changes_nothing() {
    let service = service().start().unwrap();
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        for (path, body) in [(WHISPERER, debug()), ("/sampling", json!({"ratio": 0.5}))] {
            let order = to_admin(&service, Method::PUT, path).header("content-type", kind);
            let answer = Answer::of(order.body(body.to_string())).await;
            assert_eq!(answer.status, 415, "{kind} {path}");
        }
    }
    for path in [WHISPERER, "/sampling"] {
        let order = to_admin(&service, Method::POST, path).json(&debug());
        assert_eq!(Answer::of(order).await.status, 405, "{path}");
    }
    assert_eq!(see(&service, WHISPERER).await["level"], "info");
}

#[tokio::test]
async fn callers_find_none_of_it() {
    let service = service().start().unwrap();
    for path in ["/loggers", WHISPERER, "/sampling", "/info", "/config"] {
        assert_eq!(service.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn an_order_is_short() {
    let service = service().start().unwrap();
    let body = format!(r#"{{"level":"debug"{}}}"#, " ".repeat(5000));
    let order =
        to_admin(&service, Method::PUT, WHISPERER).header("content-type", "application/json");
    assert_eq!(Answer::of(order.body(body)).await.status, 413);
}
