//! What the template's domain counts: `src/metrics.rs` declares it.

use std::collections::BTreeMap;

use super::names::{Kind, Label};

/// Each metric with its labels.
pub(super) fn declared(text: &str) -> Vec<(String, Kind, Vec<Label>)> {
    let sets = enums(text);
    let functions = text
        .split("pub fn ")
        .skip(1)
        .filter_map(|rest| rest.split(';').next());
    let declared = functions.filter_map(|function| declaration(function, &sets));
    declared.collect()
}

/// `payments_failed_total(reason: PaymentFailure) -> Counter`
fn declaration(
    function: &str,
    sets: &BTreeMap<&str, Vec<String>>,
) -> Option<(String, Kind, Vec<Label>)> {
    let (name, rest) = function.split_once('(')?;
    let (arguments, kind) = rest.split_once(") -> ")?;
    let kind = match kind.trim() {
        "Counter" | "Gauge" | "Money" => Kind::Plain,
        "Histogram" => Kind::Histogram,
        _ => return None,
    };
    let labels = arguments
        .split(',')
        .filter_map(|argument| argument.split_once(':'));
    let labels = labels.map(|(label, of)| Label {
        name: label.trim().to_owned(),
        values: sets.get(of.trim()).cloned().unwrap_or_default(),
    });
    Some((name.to_owned(), kind, labels.collect()))
}

/// The variants of each enum, as labels have them.
fn enums(text: &str) -> BTreeMap<&str, Vec<String>> {
    let enums = text.split("pub enum ").skip(1);
    let enums = enums.filter_map(|rest| rest.split_once(" {"));
    let enums = enums.map(|(name, rest)| {
        let variants = rest.split('}').next().unwrap_or_default().split(',');
        let variants = variants.map(str::trim).filter(|it| !it.is_empty());
        (name, variants.map(snake_case).collect())
    });
    enums.collect()
}

fn snake_case(variant: &str) -> String {
    let mut text = String::new();
    for (at, letter) in variant.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_tells_labels_and_the_values_of_a_closed_one() {
        let text = "declare_metrics! {\n /// Help.\n pub fn refunds_total(tenant_id: &str, reason: Why) -> Counter;\n}\n\
                    pub enum Why {\n    Damaged,\n    SentTwice,\n}\n";
        let declared = declared(text);
        let (name, kind, labels) = &declared[0];
        assert_eq!((name.as_str(), *kind), ("refunds_total", Kind::Plain));
        assert_eq!(
            (labels[0].name.as_str(), labels[0].values.len()),
            ("tenant_id", 0)
        );
        assert_eq!(labels[1].values, ["damaged", "sent_twice"]);
    }
}
