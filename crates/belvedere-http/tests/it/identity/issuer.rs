//! The issuer's keys: fetched, rotated, and kept.

use belvedere_testing::{TokenIssuer, TokenKey};
use serde_json::{Value, json};

use super::{Served, claims, now};
use crate::harness::until;

async fn status(served: &Served, token: &str) -> u16 {
    served.bearer(token).await.answer.status
}

#[tokio::test]
async fn keys_are_fetched_once_for_many_tokens() {
    let issuer = TokenIssuer::start().unwrap();
    let served = Served::by_issuer(&issuer).await;
    for user in ["ada", "bob", "eve"] {
        let asked = served.bearer(&issuer.token("acme", user)).await;
        assert_eq!(asked.told(), (200, format!("acme {user}")));
    }
    assert_eq!(
        (issuer.requests(), served.ready().await),
        (1, (200, json!("ok")))
    );
}

#[tokio::test]
async fn a_new_key_is_asked_for_by_the_first_who_comes_with_it() {
    let issuer = TokenIssuer::start().unwrap();
    let served = Served::by_issuer(&issuer).await;
    let old = issuer.token("acme", "ada");
    issuer.rotate();
    let new = issuer.token("acme", "ada");
    assert_eq!(status(&served, &new).await, 200);
    assert_eq!(status(&served, &old).await, 401, "its key was taken back");
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn many_who_come_with_a_new_key_at_once_ask_once() {
    let issuer = TokenIssuer::start().unwrap();
    let served = Served::by_issuer(&issuer).await;
    issuer.rotate();
    let token = issuer.token("acme", "ada");
    let line = format!("authorization: Bearer {token}\r\n");
    let all = (0..20).map(|_| served.service.ask("GET", "/who", &line, ""));
    for answer in futures_util::future::join_all(all).await {
        assert_eq!(answer.status, 200);
    }
    assert!(issuer.requests() <= 3, "{} questions", issuer.requests());
}

#[tokio::test]
async fn made_up_names_of_keys_do_not_ask_the_issuer_each_time() {
    let issuer = TokenIssuer::start().unwrap();
    let served = Served::by_issuer(&issuer).await;
    let began = now();
    for n in 0..200 {
        let key = TokenKey::eddsa().named(&format!("made-up-{n}"));
        assert_eq!(status(&served, &key.sign(&claims())).await, 401);
    }
    let allowed = 2 + (now() - began) as usize / 10;
    assert!(
        issuer.requests() <= allowed,
        "{} questions",
        issuer.requests()
    );
    assert_eq!(served.refused("unknown_key"), 200.0);
}

#[tokio::test]
async fn the_last_good_keys_are_kept_while_the_issuer_is_away() {
    let issuer = TokenIssuer::start().unwrap();
    let served = Served::by_issuer(&issuer).await;
    let token = issuer.token("acme", "ada");
    for (status_code, body) in [
        (500, "broken".to_owned()),
        (200, "not JSON".to_owned()),
        (200, json!({"keys": []}).to_string()),
        (
            200,
            json!({"keys": [{"kty": "oct", "k": "AAAA"}]}).to_string(),
        ),
        (200, "x".repeat(300 * 1024)),
        (302, String::new()),
    ] {
        issuer.answer(status_code, &body);
        assert_eq!(status(&served, &token).await, 200, "{status_code}");
        assert_eq!(served.ready().await, (200, json!("ok")));
    }
    let unknown = TokenKey::eddsa().named("new").sign(&claims());
    assert_eq!(status(&served, &unknown).await, 401);
    assert_eq!(issuer.requests(), 2, "it was asked meanwhile");
    assert_eq!(status(&served, &token).await, 200);
    until("the failure", || {
        !served.service.logs.named("jwks_failed").is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_start_without_the_issuer_is_one_that_is_not_ready_until_it_comes() {
    let issuer = TokenIssuer::start().unwrap();
    issuer.answer(503, "db-7.internal is down");
    let served = Served::by_issuer(&issuer).await;
    let token = issuer.token("acme", "ada");
    let early = served.bearer(&token).await;
    assert_eq!(
        (early.answer.status, &*early.reason),
        (503, "keys_unavailable")
    );
    assert_eq!(early.answer.header("retry-after"), "5");
    let body = early.answer.json();
    assert_eq!(body["error"], "identity_unavailable");
    assert_eq!(body["detail"], Value::Null, "{body}");
    assert_eq!(served.ready().await, (503, json!("error: unavailable")));
    assert_eq!(served.say("").await.answer.status, 401, "nobody is nobody");
    issuer.rotate();
    let token = issuer.token("acme", "ada");
    let at = issuer.requests();
    served.asked(&issuer, at + 1).await;
    until("the keys", || {
        !served.service.logs.named("jwks_recovered").is_empty()
    })
    .await;
    assert_eq!(status(&served, &token).await, 200);
}

#[tokio::test]
async fn keys_that_are_not_for_signing_or_too_weak_are_none() {
    let issuer = TokenIssuer::start().unwrap();
    let (good, other) = (TokenKey::es256().named("good"), TokenKey::es256());
    let secret = TokenKey::hs256("k".repeat(40)).named("secret");
    let (mut encrypts, mut wrong) = (other.jwk(), other.jwk());
    encrypts["kid"] = json!("encrypts");
    encrypts["use"] = json!("enc");
    wrong["kid"] = json!("wrong");
    wrong["alg"] = json!("RS256");
    let mut short = TokenKey::rs256().named("short").jwk();
    let modulus = short["n"].as_str().unwrap()[..170].to_owned();
    short["n"] = json!(modulus);
    let unknown = json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "unknown"});
    let keys = json!([encrypts, wrong, secret.jwk(), short, unknown, 7, good.jwk()]);
    issuer.answer(200, &json!({"keys": keys}).to_string());
    let served = Served::by_issuer(&issuer).await;
    for kid in ["encrypts", "wrong", "secret", "short", "unknown"] {
        let head = json!({"alg": "ES256", "kid": kid}).to_string();
        let token = other.sign_text(&head, &claims().to_string());
        let asked = served.bearer(&token).await;
        assert_eq!(
            (asked.answer.status, &*asked.reason),
            (401, "unknown_key"),
            "{kid}"
        );
    }
    let by_secret = served.bearer(&secret.sign(&claims())).await;
    assert_eq!(&*by_secret.reason, "unknown_key");
    assert_eq!(status(&served, &good.sign(&claims())).await, 200);
}

#[tokio::test]
async fn a_set_without_algorithms_has_the_usual_ones() {
    let issuer = TokenIssuer::start().unwrap();
    let keys = [
        TokenKey::rs256().named("a"),
        TokenKey::es256().named("b"),
        TokenKey::eddsa().named("c"),
    ];
    let bare = keys.iter().map(|key| {
        let mut jwk = key.jwk();
        jwk.as_object_mut().unwrap().remove("alg");
        jwk
    });
    let bare: Vec<_> = bare.collect();
    issuer.answer(200, &json!({"keys": bare}).to_string());
    let served = Served::by_issuer(&issuer).await;
    for key in &keys {
        assert_eq!(status(&served, &key.sign(&claims())).await, 200, "{key:?}");
    }
    let head = json!({"alg": "PS256", "kid": "a"}).to_string();
    let other = TokenKey::ps256().sign_text(&head, &claims().to_string());
    assert_eq!(&*served.bearer(&other).await.reason, "algorithm");
}
