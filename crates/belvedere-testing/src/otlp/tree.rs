//! A trace as text.

use std::fmt::Write as _;

use super::ReceivedSpan;

/// Deeper than any real trace; spans whose ids run in a circle end here.
const MAX_INDENT: usize = 120;

/// One line per span; a span whose parent did not arrive is a root.
pub(super) fn draw(spans: &[ReceivedSpan]) -> String {
    let mut picture = String::new();
    let known = |id: &str| spans.iter().any(|span| span.span_id == id);
    for root in spans.iter().filter(|span| !known(&span.parent_span_id)) {
        draw_span(&mut picture, root, "", "");
        draw_children(&mut picture, spans, &root.span_id, "");
    }
    picture
}

fn draw_children(picture: &mut String, spans: &[ReceivedSpan], parent: &str, indent: &str) {
    if indent.chars().count() > MAX_INDENT {
        return;
    }
    let children: Vec<_> = spans
        .iter()
        .filter(|span| span.parent_span_id == parent && span.span_id != parent)
        .collect();
    for (index, child) in children.iter().enumerate() {
        let (branch, rail) = match index + 1 == children.len() {
            true => ("└─ ", "   "),
            false => ("├─ ", "│  "),
        };
        draw_span(picture, child, indent, branch);
        draw_children(picture, spans, &child.span_id, &format!("{indent}{rail}"));
    }
}

fn draw_span(picture: &mut String, span: &ReceivedSpan, indent: &str, branch: &str) {
    let label = format!("{indent}{branch}{}", span.name);
    let millis = span.duration().as_secs_f64() * 1e3;
    let error = if span.status_code == 2 { "  ERROR" } else { "" };
    let kind = span.kind;
    let _ = writeln!(picture, "{label:<48} {millis:>9.3} ms  {kind}{error}");
}
