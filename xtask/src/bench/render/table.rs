//! Tables in Markdown.

use crate::bench::figures::Spread;

/// The first column to the left, the others to the right.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let rule = (0..head.len()).map(|index| if index == 0 { "---" } else { "---:" });
    let rule: Vec<String> = rule.map(str::to_owned).collect();
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let rows = [&head, &rule].into_iter().chain(rows);
    rows.map(|row| format!("| {} |\n", row.join(" | ")))
        .collect()
}

/// The middle one, with the ends behind it.
pub(crate) fn spread(spread: Spread, digits: usize) -> String {
    let Spread { median, min, max } = spread;
    format!("{median:.digits$} ({min:.digits$}-{max:.digits$})")
}

pub(crate) fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_head_a_rule_and_rows() {
        let rows = [vec!["x".to_owned(), "1".to_owned()]];
        let expected = "| a | b |\n| --- | ---: |\n| x | 1 |\n";
        assert_eq!(table(&["a", "b"], &rows), expected);
    }
}
