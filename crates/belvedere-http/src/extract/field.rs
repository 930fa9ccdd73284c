//! Which field serde's complaint is about.

/// What serde says of a field that is not there. It names the field in its words only: the path ends above it.
const MISSING: &str = "missing field `";

/// The path of the field that `message` is about, `path` being how far serde had come.
pub(super) fn of(path: &str, message: &str) -> String {
    let missing = message
        .strip_prefix(MISSING)
        .and_then(|rest| rest.split_once('`'));
    match missing {
        None => path.to_owned(),
        Some((name, _)) if path.is_empty() => name.to_owned(),
        Some((name, _)) => format!("{path}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_missing_field_is_named_below_what_it_is_missing_from() {
        assert_eq!(of("", "missing field `email`"), "email");
        assert_eq!(of("items[1]", "missing field `sku`"), "items[1].sku");
        assert_eq!(of("items[1].sku", "invalid type: null"), "items[1].sku");
    }
}
