mod properties;
mod secrets;

use std::borrow::Cow;

use super::{REDACTED, Redactor, redact_text};

#[test]
fn keys_are_hidden_by_name_and_by_ending_whatever_their_case() {
    let redactor = Redactor::new(["iban".to_owned()]);
    for key in [
        "password",
        "Set-Cookie",
        "STRIPE_API_KEY",
        "sentry_dsn",
        "user.auth_token",
        "IBAN",
    ] {
        assert!(redactor.hides(key), "{key}");
    }
    for key in ["path", "tokens_left", "key", "", "é_ke"] {
        assert!(!redactor.hides(key), "{key}");
    }
}

#[test]
fn a_json_tree_is_redacted_at_any_depth() {
    let mut tree =
        serde_json::json!({"a": [{"api_key": {"x": 1}}], "token": null, "url": "x://u:p@h"});
    Redactor::default().redact_json(&mut tree);
    assert_eq!(
        tree,
        serde_json::json!({"a": [{"api_key": REDACTED}], "token": null, "url": "x://[REDACTED]@h"})
    );
}

#[test]
fn a_plain_text_is_not_copied() {
    assert!(matches!(redact_text("order_confirmed"), Cow::Borrowed(_)));
    let long = "a text of some length that has nothing to hide; ".repeat(9);
    assert!(matches!(redact_text(&long), Cow::Borrowed(_)));
}

#[test]
fn what_is_redacted_stays_as_it_is() {
    let once = redact_text("Bearer a1b2 to redis://:pw@h with 4111 1111 1111 1111").into_owned();
    assert_eq!(redact_text(&once), once);
}
