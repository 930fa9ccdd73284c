//! What cannot be meant: exit code 78, and all of it named.

use std::process::Command;

use belvedere_testing::{TokenIssuer, TokenKey};
use serde_json::json;

use super::guarded;
use crate::helpers::example;

/// The exit code, and what was said.
fn refused(variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = Command::new(example("guarded"))
        .envs(variables.iter().copied())
        .output()
        .expect("the example was built beside the tests");
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said)
}

#[test]
fn every_mistake_is_named_at_once_and_nothing_starts() {
    let (code, said) = refused(&[
        ("ENVIRONMENT", "production"),
        ("AUTH__JWT_SECRET", "hunter2"),
        ("AUTH__JWT_ALGORITHM", "none"),
        ("ADMIN__TOKEN", "short"),
        ("HTTP__RATE_LIMIT_PER_IP", "1000000"),
    ]);
    assert_eq!(code, Some(78), "{said}");
    for place in [
        "AUTH__JWT_SECRET",
        "AUTH__JWT_ALGORITHM",
        "AUTH__JWT_ISSUER",
        "AUTH__JWT_AUDIENCE",
        "ADMIN__TOKEN",
        "HTTP__RATE_LIMIT_PER_IP",
    ] {
        assert!(said.contains(place), "{place}: {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn callers_known_in_two_ways_are_known_in_none() {
    let (code, said) = refused(&[
        ("AUTH__TRUSTED_HEADERS", "true"),
        ("AUTH__JWT_JWKS_URL", "https://issuer.test/jwks.json"),
    ]);
    assert_eq!(code, Some(78));
    assert!(said.contains("AUTH__TRUSTED_HEADERS"), "{said}");
}

#[tokio::test]
async fn a_key_is_read_from_its_file_and_production_starts() {
    let (key, issuer) = (TokenKey::eddsa(), TokenIssuer::start().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("issuer.pem");
    std::fs::write(&file, key.public_pem()).unwrap();
    let service = guarded()
        .variable("ENVIRONMENT", "production")
        .variable("AUTH__JWT_ISSUER", "https://issuer.test")
        .variable("AUTH__JWT_AUDIENCE", "service.test")
        .variable("AUTH__JWT_PUBLIC_KEY_FILE", file.to_str().unwrap())
        .start()
        .unwrap();
    let token = key.sign(&issuer.claims("acme", "ada"));
    assert_eq!(service.bearer(&token).get("/v1/orders").await.status, 200);
    assert_eq!(
        service.get("/v1/orders").await.status,
        401,
        "headers are believed"
    );
    let forged = issuer.sign(&json!({"tenant_id": "acme"}));
    assert_eq!(service.bearer(&forged).get("/v1/orders").await.status, 401);
}

/// What a generated service is deployed with.
const PRODUCTION: &str = include_str!("../../../../../template/config/production.toml");

#[test]
fn the_production_settings_of_the_template_limit_callers_behind_an_ingress() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::create_dir(&config).unwrap();
    // With all that a placeholder may leave out.
    let settings = PRODUCTION.lines().filter(|line| !line.starts_with("{%"));
    let settings: Vec<_> = settings.collect();
    std::fs::write(config.join("production.toml"), settings.join("\n")).unwrap();
    let run = |variables: &[(&str, &str)]| {
        let mut command = Command::new(example("guarded"));
        command.arg("config").current_dir(folder.path());
        command.env("ENVIRONMENT", "production");
        let output = command.envs(variables.iter().copied()).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    assert_eq!(run(&[]).0, Some(78), "it was not said who may call");
    let (code, shown) = run(&[("AUTH__TRUSTED_HEADERS", "true")]);
    assert_eq!(code, Some(0));
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    for limit in ["rate_limit_per_ip", "rate_limit_per_principal"] {
        assert!(shown["http"][limit].as_u64().unwrap() > 0, "{limit}");
    }
    let proxies = shown["http"]["trusted_proxies"].as_str().unwrap();
    assert!(proxies.contains("10.0.0.0/8"), "{proxies}");
}
