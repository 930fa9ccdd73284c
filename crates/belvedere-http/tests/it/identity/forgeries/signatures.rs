//! Tokens that nobody has signed, or somebody else.

use belvedere_testing::TokenKey;
use serde_json::json;

use super::{Forgery, claims};

/// By an algorithm that is none.
pub(super) fn unsigned(key: &TokenKey) -> impl Iterator<Item = Forgery> {
    let headed = |head: &str| key.sign_text(head, &claims().to_string());
    let bare = |head: &str| format!("{}.", headed(head).rsplit_once('.').unwrap().0);
    let small = format!(r#"{{"alg":"{}"}}"#, key.algorithm().to_lowercase());
    [
        ("alg none", bare(r#"{"alg":"none"}"#)),
        ("alg None", bare(r#"{"alg":"None","typ":"JWT"}"#)),
        ("alg nOnE with a signature", headed(r#"{"alg":"nOnE"}"#)),
        ("alg empty", bare(r#"{"alg":""}"#)),
        ("no alg", bare(r#"{"typ":"JWT"}"#)),
        ("alg null", bare(r#"{"alg":null}"#)),
        ("alg a list", headed(r#"{"alg":["none"]}"#)),
        ("alg in small letters", headed(&small)),
    ]
    .map(|(name, token)| (name, token, "malformed"))
    .into_iter()
}

/// By another key than the right one, or none.
pub(super) fn signed_wrongly(key: &TokenKey) -> impl Iterator<Item = Forgery> {
    let token = key.sign(&claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let beside = |signature: &str| format!("{message}.{signature}");
    let mut all = vec![
        ("no signature", beside(""), "signature"),
        ("a bit turned", beside(&turned(signature)), "signature"),
        ("half of it", beside(&signature[..40]), "signature"),
        ("zeros", beside(&"A".repeat(signature.len())), "signature"),
        ("of another token", swapped(key, signature), "signature"),
        ("of another key", beside(&others(key)), "signature"),
    ];
    all.extend(confused(key));
    all.into_iter()
}

/// RFC 8725, section 2.1: what is public, taken for a secret.
fn confused(key: &TokenKey) -> [Forgery; 4] {
    let pem = key.public_pem();
    let mac = |secret: &str| TokenKey::hs256(secret).sign(&claims());
    let head = key.header().to_string();
    let renamed = TokenKey::hs256(pem.as_str()).sign_text(&head, &claims().to_string());
    let other = "algorithm-or-unknown_key";
    [
        ("HS256 by the public key", mac(&pem), other),
        (
            "HS256 by the public key, trimmed",
            mac(pem.trim_end()),
            other,
        ),
        ("HS256 by nothing", mac(""), other),
        ("the same under the right algorithm", renamed, "signature"),
    ]
}

fn turned(signature: &str) -> String {
    let first = if signature.starts_with('A') { "B" } else { "A" };
    format!("{first}{}", &signature[1..])
}

/// Claims of another tenant under the signature of the first.
fn swapped(key: &TokenKey, signature: &str) -> String {
    let mut eve = claims();
    eve["tenant_id"] = json!("umbrella");
    let eve = key.sign(&eve);
    format!("{}.{signature}", eve.rsplit_once('.').unwrap().0)
}

/// The signature of a key of the same kind; there is one of RSA only.
fn others(key: &TokenKey) -> String {
    let other = match key.algorithm() {
        "RS256" => TokenKey::ps256(),
        _ => TokenKey::es256(),
    };
    let token = other.sign_text(&key.header().to_string(), &claims().to_string());
    token.rsplit_once('.').unwrap().1.to_owned()
}
