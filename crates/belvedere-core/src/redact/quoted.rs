//! Input that a parser repeats when it refuses it: PostgreSQL a bound value, serde a member of a body.

use std::ops::Range;

const INVALID: &str = "invalid ";
/// What follows on it, up to somewhere before the quote.
const OPENINGS: [&str; 4] = [
    "input syntax for ",
    "input value for ",
    "type: string ",
    "value: string ",
];
/// The name of a type, between the opening and the quote, is no longer.
const LONGEST_NAME: usize = 80;

/// `invalid input syntax for type integer: "hunter2"` without what is between the quotes.
pub(super) fn find(text: &str, is_whole: bool, found: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some(at) = text[from..].find(INVALID) {
        let what = from + at + INVALID.len();
        from = what;
        if !OPENINGS
            .iter()
            .any(|opening| text[what..].starts_with(opening))
        {
            continue;
        }
        let near = &text[what..text.floor_char_boundary(what + LONGEST_NAME)];
        let Some(quote) = near.find('"') else {
            continue;
        };
        let begin = what + quote + 1;
        let end = begin + quoted_len(text, begin, is_whole);
        if end > begin {
            found.push(begin..end);
        }
        from = end;
    }
}

/// Up to the last quote of the line: what is repeated may have quotes of its own, which PostgreSQL does not escape.
fn quoted_len(text: &str, begin: usize, is_whole: bool) -> usize {
    let line = text[begin..].lines().next().unwrap_or_default();
    let is_cut = !is_whole && begin + line.len() == text.len();
    match line.rfind('"') {
        Some(end) if !is_cut => end,
        _ => line.len(),
    }
}
