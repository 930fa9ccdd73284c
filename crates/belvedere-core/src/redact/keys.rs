//! By key.

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

/// Whether a value under `key` is hidden, whatever it says.
pub(super) fn is_sensitive(key: &str) -> bool {
    let [.., a, b] = key.as_bytes() else {
        return false;
    };
    let last = [a.to_ascii_lowercase(), b.to_ascii_lowercase()];
    let is_named = |name: &&str| leaf(key).eq_ignore_ascii_case(name);
    keys(last).iter().any(is_named) || suffixes(last).iter().any(|suffix| ends_with(key, suffix))
}

/// `user.password` is a password.
pub(super) fn leaf(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

fn ends_with(key: &str, suffix: &str) -> bool {
    key.len()
        .checked_sub(suffix.len())
        .and_then(|at| key.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}
