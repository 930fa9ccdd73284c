//! Callers that are known.

use belvedere_http::{AuthConfig, Callers};
use belvedere_testing::{TokenIssuer, TokenKey};
use serde_json::json;

use super::{
    Served, claims, now,
    served::{callers, tokens},
};

const SECRET: &str = "a secret of more than thirty-two bytes";

async fn ada_is_known_by(key: TokenKey) {
    let served = Served::by_key(&key).await;
    let asked = served.bearer(&key.sign(&claims())).await;
    assert_eq!(asked.told(), (200, "acme ada".to_owned()), "{asked:?}");
    let line = &served.service.logs.completed()[0];
    assert_eq!(
        (line.of_request("tenant_id"), line.of_request("user_id")),
        ("acme", "ada")
    );
}

#[tokio::test]
async fn a_token_by_eddsa_binds_tenant_and_user() {
    ada_is_known_by(TokenKey::eddsa()).await;
}

#[tokio::test]
async fn a_token_by_es256_binds_tenant_and_user() {
    ada_is_known_by(TokenKey::es256()).await;
}

#[tokio::test]
async fn a_token_by_rs256_binds_tenant_and_user() {
    ada_is_known_by(TokenKey::rs256()).await;
}

#[tokio::test]
async fn a_token_by_ps256_binds_tenant_and_user() {
    ada_is_known_by(TokenKey::ps256()).await;
}

#[tokio::test]
async fn a_token_by_a_shared_secret_binds_tenant_and_user() {
    let config = AuthConfig {
        jwt_secret: Some(SECRET.into()),
        ..tokens()
    };
    let served = Served::with(callers(&config)).await;
    let token = TokenKey::hs256(SECRET).sign(&claims());
    assert_eq!(
        served.bearer(&token).await.told(),
        (200, "acme ada".to_owned())
    );
}

#[tokio::test]
async fn what_the_standards_leave_free_is_taken() {
    let key = TokenKey::es256();
    let served = Served::by_key(&key).await;
    let bare = key.sign_text(r#"{"alg":"ES256"}"#, &claims().to_string());
    let access = key.sign_text(
        r#"{"typ":"application/AT+jwt","alg":"ES256"}"#,
        &claims().to_string(),
    );
    let mut many = claims();
    many["aud"] = json!(["other", "service.test"]);
    many["nbf"] = json!(now() - 5);
    many["iat"] = json!(now() - 5);
    let late = {
        let mut late = claims();
        late["exp"] = json!(now() - 5);
        late
    };
    let mut alone = claims();
    alone.as_object_mut().unwrap().remove("sub");
    for (line, who) in [
        (format!("authorization: bearer {bare}"), "acme ada"),
        (format!("Authorization: BEARER   {access} "), "acme ada"),
        (
            format!("authorization: Bearer {}", key.sign(&many)),
            "acme ada",
        ),
        (
            format!("authorization: Bearer {}", key.sign(&late)),
            "acme ada",
        ),
        (
            format!("authorization: Bearer {}", key.sign(&alone)),
            "acme ",
        ),
    ] {
        let asked = served.say(&format!("{line}\r\n")).await;
        assert_eq!(asked.told(), (200, who.to_owned()), "{line}: {asked:?}");
    }
}

#[tokio::test]
async fn the_claims_that_name_a_caller_can_be_chosen() {
    let key = TokenKey::eddsa();
    let config = AuthConfig {
        jwt_public_key: Some(key.public_pem()),
        jwt_tenant_claim: "https://claims.test/org".to_owned(),
        jwt_user_claim: "email".to_owned(),
        ..tokens()
    };
    let served = Served::with(callers(&config)).await;
    let mut said = claims();
    said["https://claims.test/org"] = json!("umbrella");
    said["email"] = json!("bob@example.org");
    let asked = served.bearer(&key.sign(&said)).await;
    assert_eq!(asked.told(), (200, "umbrella bob@example.org".to_owned()));
}

#[tokio::test]
async fn headers_say_nothing_where_tokens_are_asked_for() {
    let key = TokenKey::es256();
    let served = Served::by_key(&key).await;
    let headers = "x-tenant-id: umbrella\r\nx-user-id: eve\r\n";
    assert_eq!(served.say(headers).await.answer.status, 401);
    let token = key.sign(&claims());
    let both = format!("{headers}authorization: Bearer {token}\r\n");
    assert_eq!(served.say(&both).await.told(), (200, "acme ada".to_owned()));
}

#[tokio::test]
async fn tokens_say_nothing_where_headers_are_trusted() {
    let served = Served::with(Callers::by_headers()).await;
    let issuer = TokenIssuer::start().unwrap();
    let token = issuer.token("acme", "ada");
    let asked = served.bearer(&token).await;
    assert_eq!((asked.answer.status, &*asked.reason), (401, "missing"));
    let asked = served.say("x-tenant-id: acme\r\n").await;
    assert_eq!(asked.told(), (200, "acme ".to_owned()));
}
