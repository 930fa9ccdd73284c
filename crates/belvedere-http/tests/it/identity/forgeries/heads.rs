//! Heads that say by what a token is to be checked.

use belvedere_testing::TokenKey;
use serde_json::{Value, json};

use super::{Forgery, claims};

/// A head of `key` with something more in it.
fn with(key: &TokenKey, name: &str, value: Value) -> String {
    let mut head = key.header();
    head[name] = value;
    head.to_string()
}

/// Signed by somebody who brings the key along.
pub(super) fn own_keys(key: &TokenKey) -> impl Iterator<Item = Forgery> {
    let eve = TokenKey::es256().named("eve");
    let signed = |name, value| eve.sign_text(&with(key, name, value), &claims().to_string());
    let place = "http://127.0.0.1:1/keys";
    [
        ("a key of its own (jwk)", signed("jwk", eve.jwk())),
        ("a place for keys (jku)", signed("jku", json!(place))),
        (
            "a place for certificates (x5u)",
            signed("x5u", json!(place)),
        ),
        ("a certificate (x5c)", signed("x5c", json!(["MIIB"]))),
    ]
    .map(|(name, token)| (name, token, "signature"))
    .into_iter()
}

/// Signed by the right key, and not what is taken.
pub(super) fn kinds(key: &TokenKey) -> impl Iterator<Item = Forgery> {
    let headed = |head: &str| key.sign_text(head, &claims().to_string());
    let signed = |name, value| headed(&with(key, name, value));
    let alg = key.algorithm();
    let other = if alg == "ES256" { "EdDSA" } else { "ES256" };
    let twice = format!(r#"{{"alg":"none","alg":"{alg}"}}"#);
    [
        (
            "something critical",
            signed("crit", json!(["exp"])),
            "malformed",
        ),
        ("nothing critical", signed("crit", json!([])), "malformed"),
        ("compressed", signed("zip", json!("DEF")), "malformed"),
        ("encrypted", signed("enc", json!("A128GCM")), "malformed"),
        ("another typ", signed("typ", json!("dpop+jwt")), "malformed"),
        ("typ a number", signed("typ", json!(1)), "malformed"),
        ("kid a list", signed("kid", json!(["a", "b"])), "malformed"),
        ("alg twice", headed(&twice), "malformed"),
        ("another alg", signed("alg", json!(other)), "algorithm"),
    ]
    .into_iter()
}
