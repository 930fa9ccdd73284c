//! JSON, straight into a byte buffer.

use belvedere_core::is_plain_json;

/// What follows a string that was cut.
const CUT_MARK: &[u8] = b"...\"";
/// A longer target, service, environment or version is cut: they are short, or a mistake.
const MAX_NAME: usize = 256;
/// A control character becomes `\u0000`.
const LONGEST_ESCAPE: usize = 6;

pub(super) fn json<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Scalars and strings are JSON, and a vector takes everything.
    let _ = serde_json::to_writer(out, value);
}

/// Appends `,"key":"value"`.
pub(super) fn member(out: &mut Vec<u8>, key: &str, value: &str) {
    out.push(b',');
    string(out, key, MAX_NAME, true);
    out.push(b':');
    string(out, value, MAX_NAME, true);
}

/// Appends `text` as a JSON string of at most `max` bytes and its quotes. What is not whole ends in a mark.
pub(super) fn string(out: &mut Vec<u8>, text: &str, max: usize, is_whole: bool) {
    let shown = fitting(text, max);
    if is_plain_json(shown) {
        out.reserve(shown.len() + 2);
        out.push(b'"');
        out.extend_from_slice(shown.as_bytes());
        out.push(b'"');
    } else {
        json(out, shown);
    }
    if !is_whole || shown.len() < text.len() {
        out.pop();
        out.extend_from_slice(CUT_MARK);
    }
}

/// As much of `text` as has `max` bytes once it is escaped.
fn fitting(text: &str, max: usize) -> &str {
    if text.len() <= max / LONGEST_ESCAPE || text.len() <= max && is_plain_json(text) {
        return text;
    }
    let mut left = max;
    let mut chars = text.char_indices();
    let end = chars.find(|(_, c)| match left.checked_sub(width(*c)) {
        Some(rest) => {
            left = rest;
            false
        }
        None => true,
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

/// Bytes of a character in a JSON string (RFC 8259, section 7).
const fn width(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..'\u{20}' => LONGEST_ESCAPE,
        _ => c.len_utf8(),
    }
}
