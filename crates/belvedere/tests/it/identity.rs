//! Who may call a service, and how often: its binary, over sockets.

mod documented;
mod often;
mod settings;
mod walked;

use belvedere_testing::{TestService, TestServiceBuilder, TokenIssuer};
use serde_json::json;

use crate::helpers::example;

fn guarded() -> TestServiceBuilder {
    TestService::builder(&example("guarded"))
}

#[tokio::test]
async fn a_token_stands_in_every_signal_as_tenant_and_user_and_nowhere_as_itself() {
    let issuer = TokenIssuer::start().unwrap();
    let service = guarded().tokens(&issuer).start().unwrap();
    let token = issuer.token("acme", "ada");
    let answer = service.bearer(&token).get("/v1/orders").await;
    assert_eq!(answer.status, 200);
    let line = service.completed(&answer.request_id()).await;
    assert_eq!(
        (&line["tenant_id"], &line["user_id"]),
        (&json!("acme"), &json!("ada"))
    );
    assert_eq!(
        service.get("/v1/orders").await.status,
        401,
        "headers are no token"
    );
    service
        .metric(r#"auth_failures_total{reason="missing"} 1"#)
        .await;
    let (_, lines) = service.stop().unwrap();
    let part = &token[10..40];
    assert!(lines.iter().all(|line| !line.to_string().contains(part)));
}

#[tokio::test]
async fn a_service_starts_without_its_issuer_and_says_that_it_is_not_ready() {
    let issuer = TokenIssuer::start().unwrap();
    issuer.answer(500, "no");
    let service = guarded().tokens(&issuer).start().unwrap();
    let ready = service.anonymous().get("/health/ready").await;
    assert_eq!(ready.status, 503);
    assert_eq!(
        ready.json()["checks"],
        json!({"identity": "error: unavailable"})
    );
    let token = issuer.token("acme", "ada");
    let early = service.bearer(&token).get("/v1/orders").await;
    assert_eq!(
        (early.status, early.header("retry-after")),
        (503, "5".to_owned())
    );
    issuer.rotate();
    service
        .line(|line| line["message"] == "jwks_recovered")
        .await;
    let token = issuer.token("acme", "ada");
    assert_eq!(service.bearer(&token).get("/v1/orders").await.status, 200);
    service
        .metric(r#"dependency_up{dependency="identity"} 1"#)
        .await;
    let (_, lines) = service.stop().unwrap();
    let failed = lines.iter().filter(|line| line["message"] == "jwks_failed");
    assert_eq!(failed.count(), 1, "told once");
}

#[tokio::test]
async fn an_issuer_whose_certificate_nobody_vouches_for_is_not_believed() {
    let issuer = TokenIssuer::start().unwrap();
    // What answers there speaks no TLS at all: as good as anybody's certificate.
    let https = issuer.jwks_url().replace("http:", "https:");
    let service = guarded()
        .tokens(&issuer)
        .variable("AUTH__JWT_JWKS_URL", &https);
    let service = service.start().unwrap();
    let told = service.line(|line| line["message"] == "jwks_failed").await;
    assert_eq!(told["level"], "warn");
    let token = issuer.token("acme", "ada");
    assert_eq!(service.bearer(&token).get("/v1/orders").await.status, 503);
}
