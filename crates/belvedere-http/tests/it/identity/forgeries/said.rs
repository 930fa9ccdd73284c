//! Claims that do not say what they have to, under a signature that is right.

use belvedere_testing::TokenKey;
use serde_json::{Value, json};

use super::{AUDIENCE, Forgery, ISSUER, claims, now};

pub(super) fn times(key: &TokenKey) -> impl Iterator<Item = Forgery> {
    let exp = |value: Value| changed(key, "exp", value);
    [
        ("expired", exp(json!(now() - 3600)), "expired"),
        ("expired at the beginning of time", exp(json!(0)), "expired"),
        (
            "exp a text",
            exp(json!((now() + 600).to_string())),
            "claims",
        ),
        ("exp a fraction", exp(json!(now() as f64 + 600.5)), "claims"),
        ("exp negative", exp(json!(-1)), "claims"),
        ("exp past the last year", exp(json!(u64::MAX)), "claims"),
        ("exp past all numbers", exp(json!(1e300)), "claims"),
        ("exp null", exp(Value::Null), "claims"),
        (
            "exp a list",
            exp(json!([now() + 600])),
            "claims-or-malformed",
        ),
        ("exp true", exp(json!(true)), "claims"),
        ("no exp", without(key, "exp"), "claims"),
        (
            "not valid yet",
            changed(key, "nbf", json!(now() + 3600)),
            "not_yet_valid",
        ),
        ("nbf a text", changed(key, "nbf", json!("0")), "claims"),
        ("iat a text", changed(key, "iat", json!("now")), "claims"),
    ]
    .into_iter()
}

pub(super) fn parties(key: &TokenKey) -> impl Iterator<Item = Forgery> {
    let aud = |value: Value| changed(key, "aud", value);
    let iss = |value: Value| changed(key, "iss", value);
    [
        ("another audience", aud(json!("other.test")), "audience"),
        (
            "part of the audience",
            aud(json!(&AUDIENCE[1..])),
            "audience",
        ),
        ("audiences without ours", aud(json!(["a", "b"])), "audience"),
        ("no audience in a list", aud(json!([])), "audience"),
        (
            "numbers beside the audience",
            aud(json!([AUDIENCE, 1])),
            "claims",
        ),
        ("audience a map", aud(json!({AUDIENCE: true})), "claims"),
        ("audience null", aud(Value::Null), "claims"),
        ("no audience", without(key, "aud"), "claims"),
        (
            "another issuer",
            iss(json!("https://issuer.test.evil.test")),
            "issuer",
        ),
        (
            "the issuer with a slash",
            iss(json!(format!("{ISSUER}/"))),
            "issuer",
        ),
        (
            "the issuer among others",
            iss(json!([ISSUER, "evil"])),
            "claims",
        ),
        ("no issuer", without(key, "iss"), "claims"),
    ]
    .into_iter()
}

pub(super) fn names(key: &TokenKey) -> impl Iterator<Item = Forgery> {
    let tenant = |value: Value| changed(key, "tenant_id", value);
    [
        ("tenant a number", tenant(json!(7)), "claims"),
        ("tenant a list", tenant(json!(["acme"])), "claims"),
        ("tenant null", tenant(Value::Null), "claims"),
        ("tenant empty", tenant(json!("")), "claims"),
        ("tenant too long", tenant(json!("a".repeat(65))), "claims"),
        ("tenant with a line end", tenant(json!("acme\nx")), "claims"),
        ("tenant with a zero", tenant(json!("acme\u{0}")), "claims"),
        (
            "tenant with quotes",
            tenant(json!("acme\",\"x\":\"")),
            "claims",
        ),
        (
            "tenant of letters that look alike",
            tenant(json!("аcme")),
            "claims",
        ),
        ("no tenant", without(key, "tenant_id"), "claims"),
        ("user a number", changed(key, "sub", json!(7)), "claims"),
        (
            "user with a space",
            changed(key, "sub", json!("ada lovelace")),
            "claims",
        ),
    ]
    .into_iter()
}

fn changed(key: &TokenKey, name: &str, value: Value) -> String {
    let mut changed = claims();
    changed[name] = value;
    key.sign(&changed)
}

fn without(key: &TokenKey, name: &str) -> String {
    let mut fewer = claims();
    fewer.as_object_mut().unwrap().remove(name);
    key.sign(&fewer)
}
