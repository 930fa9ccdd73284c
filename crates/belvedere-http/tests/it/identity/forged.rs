//! A hundred forged tokens, and one answer to all of them.

use belvedere_testing::{TokenIssuer, TokenKey, report};
use serde_json::{Value, json};

use super::{
    Asked, Served, claims,
    forgeries::{Forgery, forgeries},
};

/// What differs from one request to the next.
fn without_ids(asked: &Asked) -> Value {
    let mut body = asked.answer.json();
    let members = body.as_object_mut().unwrap();
    for id in ["request_id", "trace_id"] {
        let known = members.remove(id).is_some();
        assert!(known, "{id} is not in {members:?}");
    }
    body
}

async fn all_are_refused_alike(served: &Served, forgeries: Vec<Forgery>) {
    let wanted = json!({
        "type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "the caller is not known",
        "instance": "/who", "error": "unauthorized",
    });
    let count = forgeries.len();
    for (name, lines, reason) in forgeries {
        let asked = served.say(&lines).await;
        assert_eq!(asked.answer.status, 401, "{name}: {asked:?}");
        assert_eq!(without_ids(&asked), wanted, "{name}");
        assert_eq!(asked.answer.header("www-authenticate"), "Bearer", "{name}");
        assert!(
            asked.reason == reason || reason.split("-or-").any(|either| either == asked.reason),
            "{name} was refused as {}, not as {reason}",
            asked.reason
        );
    }
    served.service.counted(count).await;
    let completed = served.service.logs.completed();
    assert_eq!(completed.len(), count, "one record for each");
    assert_eq!(served.refused_in_all(), count as f64);
    report(format_args!("{count} forged requests"));
}

impl Served {
    fn refused_in_all(&self) -> f64 {
        self.service.metrics.sum("auth_failures_total", &[])
    }

    /// Nothing of a token is in any line.
    fn tells_of_no_token(&self) {
        for event in self.service.logs.all() {
            let text = format!("{event:?}");
            assert!(!text.contains("eyJ"), "{text}");
        }
    }
}

#[tokio::test]
async fn forged_tokens_get_one_answer_where_there_is_one_rsa_key() {
    let key = TokenKey::rs256();
    let served = Served::by_key(&key).await;
    all_are_refused_alike(&served, forgeries(&key)).await;
    served.tells_of_no_token();
}

#[tokio::test]
async fn forged_tokens_get_one_answer_where_there_is_one_curve() {
    let key = TokenKey::es256();
    let served = Served::by_key(&key).await;
    all_are_refused_alike(&served, forgeries(&key)).await;
}

#[tokio::test]
async fn forged_tokens_get_one_answer_where_an_issuer_has_the_keys() {
    let (key, other) = (TokenKey::es256().named("a"), TokenKey::rs256().named("b"));
    let issuer = TokenIssuer::start().unwrap();
    issuer.serve(&[&key, &other]);
    let served = Served::by_issuer(&issuer).await;
    let mut all = forgeries(&key);
    all.extend(names_of_keys(&key));
    all_are_refused_alike(&served, all).await;
    // A name that is not known was worth one question, not one each.
    assert_eq!(issuer.requests(), 2, "questions to the issuer");
    let good = served.bearer(&key.sign(&claims())).await;
    assert_eq!(good.answer.status, 200, "{good:?}");
}

/// `kid` chooses among the keys that are known, and is nothing else.
fn names_of_keys(key: &TokenKey) -> Vec<Forgery> {
    let by = |kid: Value| {
        let head = json!({"alg": "ES256", "kid": kid}).to_string();
        let token = key.sign_text(&head, &claims().to_string());
        format!("authorization: Bearer {token}\r\n")
    };
    let bare = key.sign_text(r#"{"alg":"ES256"}"#, &claims().to_string());
    let secret = TokenKey::hs256("").sign_text(r#"{"alg":"HS256","kid":"/dev/null"}"#, "{}");
    let bearer = |token: String| format!("authorization: Bearer {token}\r\n");
    vec![
        (
            "kid a path",
            by(json!("../../../../dev/null")),
            "unknown_key",
        ),
        (
            "kid a path, signed with what is there",
            bearer(secret),
            "unknown_key",
        ),
        (
            "kid SQL",
            by(json!("a' UNION SELECT 'x' --")),
            "unknown_key",
        ),
        ("kid a command", by(json!("a; id")), "unknown_key"),
        ("kid unknown", by(json!("nobody")), "unknown_key"),
        ("kid empty", by(json!("")), "unknown_key"),
        ("kid of 5 kB", by(json!("k".repeat(5_000))), "unknown_key"),
        ("kid of 10 kB", by(json!("k".repeat(10_000))), "malformed"),
        ("kid a URL", by(json!("http://127.0.0.1:1/")), "unknown_key"),
        ("kid in capitals", by(json!("A")), "unknown_key"),
        ("kid of the other key", by(json!("b")), "algorithm"),
        (
            "kid null where there are two keys",
            by(Value::Null),
            "unknown_key",
        ),
        (
            "no kid where there are two keys",
            bearer(bare),
            "unknown_key",
        ),
    ]
}
