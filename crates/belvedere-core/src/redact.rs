use std::borrow::Cow;

/// What stands in place of anything that must not be shown.
pub const REDACTED: &str = "[REDACTED]";

/// Keys that are redacted whatever their case and depth, by their last two letters: nearly every other key is told apart by
/// these alone.
const fn keys(last: [u8; 2]) -> &'static [&'static str] {
    match &last {
        b"rd" => &["password", "credit_card"],
        b"ie" => &["cookie", "set-cookie"],
        b"en" => &["token", "auth_token"],
        b"on" => &["authorization"],
        b"sn" => &["ssn"],
        b"et" => &["secret"],
        b"ey" => &["api_key"],
        _ => &[],
    }
}

/// A key that ends in one of these is redacted too.
const fn suffixes(last: [u8; 2]) -> &'static [&'static str] {
    match &last {
        b"rd" => &["_password"],
        b"en" => &["_token"],
        b"sn" => &["_dsn"],
        b"et" => &["_secret"],
        b"ey" => &["_key"],
        _ => &[],
    }
}

/// Decides what no signal may show: by key, and URL userinfo by value.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    extra: Vec<String>,
}

impl Redactor {
    /// The built-in keys and `extra` ones (`REDACT__KEYS`), compared without regard to case.
    pub fn new(extra: impl IntoIterator<Item = String>) -> Self {
        Self {
            extra: extra.into_iter().collect(),
        }
    }

    /// Whether a value under `key` must not be shown.
    pub fn hides(&self, key: &str) -> bool {
        is_sensitive(key) || self.is_extra(key)
    }

    /// `value` as it may be shown under `key`.
    pub fn show<'v>(&self, key: &str, value: &'v str) -> Cow<'v, str> {
        if self.hides(key) {
            return Cow::Borrowed(REDACTED);
        }
        redact_userinfo(value)
    }

    /// Redacts a whole JSON tree in place, at any depth.
    pub fn redact_json(&self, tree: &mut serde_json::Value) {
        match tree {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    self.redact_entry(key, value);
                }
            }
            serde_json::Value::Array(items) => {
                for item in items {
                    self.redact_json(item);
                }
            }
            serde_json::Value::String(text) => {
                if let Cow::Owned(shown) = redact_userinfo(text) {
                    *text = shown;
                }
            }
            _ => {}
        }
    }

    fn redact_entry(&self, key: &str, value: &mut serde_json::Value) {
        if self.hides(key) && !value.is_null() {
            *value = REDACTED.into();
        } else {
            self.redact_json(value);
        }
    }

    fn is_extra(&self, key: &str) -> bool {
        let is_named = |extra: &String| leaf(key).eq_ignore_ascii_case(extra);
        self.extra.iter().any(is_named)
    }
}

fn is_sensitive(key: &str) -> bool {
    let [.., a, b] = key.as_bytes() else {
        return false;
    };
    let last = [a.to_ascii_lowercase(), b.to_ascii_lowercase()];
    let is_named = |name: &&str| leaf(key).eq_ignore_ascii_case(name);
    keys(last).iter().any(is_named) || suffixes(last).iter().any(|suffix| ends_with(key, suffix))
}

/// `user.password` is a password.
fn leaf(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

fn ends_with(key: &str, suffix: &str) -> bool {
    key.len()
        .checked_sub(suffix.len())
        .and_then(|at| key.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

/// `scheme://user:password@host` -> `scheme://[REDACTED]@host`, everywhere in `text`.
pub(crate) fn redact_userinfo(text: &str) -> Cow<'_, str> {
    // A text without a colon, which most are, costs one look at each byte.
    let first = memchr::memchr(b':', text.as_bytes())
        .and_then(|at| text[at..].find("://").map(|on| at + on));
    let Some(first) = first else {
        return Cow::Borrowed(text);
    };
    let mut shown = String::new();
    let mut done = 0;
    let mut scheme = Some(first);
    while let Some(at) = scheme {
        let authority = at + 3;
        if let Some(userinfo) = userinfo_len(&text[authority..]) {
            shown.push_str(&text[done..authority]);
            shown.push_str(REDACTED);
            done = authority + userinfo;
        }
        scheme = text[authority..].find("://").map(|next| authority + next);
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[done..]);
    Cow::Owned(shown)
}

/// The length of `user:password` before the last `@` of the authority, if there is one.
fn userinfo_len(rest: &str) -> Option<usize> {
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"'))
        .unwrap_or(rest.len());
    rest[..end].rfind('@')
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn userinfo_is_cut_from_every_url_of_a_text() {
        assert_eq!(
            redact_userinfo("from postgres://a:b@c@h/d to redis://:pw@h and http://h/x@y"),
            "from postgres://[REDACTED]@h/d to redis://[REDACTED]@h and http://h/x@y"
        );
        assert!(matches!(redact_userinfo("plain"), Cow::Borrowed("plain")));
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
}
