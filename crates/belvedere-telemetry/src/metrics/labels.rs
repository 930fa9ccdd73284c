//! Names and labels as the exposition formats want them.

use std::{borrow::Cow, fmt::Write};

use metrics::Label;

/// The label that is told only for the busiest.
pub(super) const TENANT: &str = "tenant_id";

/// Labels by key, and as they are rendered: `method="GET",path="/v1/orders/{id}"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Labels {
    pub(crate) pairs: Box<[(Box<str>, Box<str>)]>,
    pub(crate) text: Box<str>,
}

impl Labels {
    /// Sorted by key, with valid keys. Of a key that comes twice the first counts: two would make a scrape fail.
    pub(super) fn new<'a>(labels: impl Iterator<Item = &'a Label>) -> Self {
        let mut pairs: Vec<(Box<str>, Box<str>)> = labels
            .map(|label| (key(label.key()).into(), label.value().into()))
            .collect();
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        pairs.dedup_by(|(later, _), (first, _)| later == first);
        Self::of(pairs)
    }

    /// The same keys with other values.
    pub(super) fn map(&self, mut value: impl FnMut(&str, &str) -> Box<str>) -> Self {
        let pairs = self.pairs.iter();
        Self::of(
            pairs
                .map(|(key, old)| (key.clone(), value(key, old)))
                .collect(),
        )
    }

    /// With another value for `key`.
    pub(super) fn with(&self, wanted: &str, value: &str) -> Self {
        self.map(|key, old| if key == wanted { value } else { old }.into())
    }

    pub(super) fn get(&self, wanted: &str) -> Option<&str> {
        let mut pairs = self.pairs.iter();
        pairs
            .find(|(key, _)| &**key == wanted)
            .map(|(_, value)| &**value)
    }

    fn of(pairs: Vec<(Box<str>, Box<str>)>) -> Self {
        let mut text = String::new();
        for (key, value) in &pairs {
            let comma = if text.is_empty() { "" } else { "," };
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{comma}{key}=\"");
            escape_into(&mut text, value);
            text.push('"');
        }
        Self {
            pairs: pairs.into(),
            text: text.into(),
        }
    }
}

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`; what is not becomes `_`.
pub(super) fn metric_name(name: &str) -> Cow<'_, str> {
    valid(name, |c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

/// `le` is the histograms' own.
fn key(key: &str) -> Cow<'_, str> {
    match valid(key, |c| c.is_ascii_alphanumeric() || c == '_') {
        key if key == "le" => "le_".into(),
        key => key,
    }
}

fn valid(name: &str, is_valid: impl Fn(char) -> bool) -> Cow<'_, str> {
    let begins_well = !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty();
    if begins_well && name.chars().all(&is_valid) {
        return name.into();
    }
    let mended = name.chars().map(|c| if is_valid(c) { c } else { '_' });
    let before = (!begins_well).then_some('_');
    before.into_iter().chain(mended).collect::<String>().into()
}

/// As a label's value, or a help text, is written in quotes.
pub(super) fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&'static str, &'static str)]) -> Labels {
        let labels: Vec<_> = pairs.iter().map(Label::from).collect();
        Labels::new(labels.iter())
    }

    #[test]
    fn labels_are_sorted_and_escaped() {
        let labels = labels(&[("path", "/a\"b\\c\nd"), ("method", "GET")]);
        assert_eq!(&*labels.text, r#"method="GET",path="/a\"b\\c\nd""#);
        assert_eq!(labels.get("path"), Some("/a\"b\\c\nd"));
    }

    #[test]
    fn a_key_that_no_scrape_would_take_is_mended() {
        let labels = labels(&[
            ("http.method", "a"),
            ("2nd", "b"),
            ("le", "c"),
            ("http_method", "d"),
            ("", "e"),
        ]);
        let expected = r#"_="e",_2nd="b",http_method="a",le_="c""#;
        assert_eq!(&*labels.text, expected);
    }

    #[test]
    fn a_name_keeps_what_is_valid() {
        assert_eq!(metric_name("revenue_total_usd"), "revenue_total_usd");
        assert_eq!(metric_name("9 lives/ü"), "_9_lives__");
    }
}
