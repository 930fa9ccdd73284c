//! Bearer tokens (RFC 6750) and JWTs (RFC 7519).

use std::ops::Range;

const BEARER: &[u8] = b"bearer";
/// The base64 of `{"`: where a JWT begins.
const JWT: &str = "eyJ";
/// A header of less is none: `{"alg":""}` has 14 characters.
const SHORTEST_HEADER: usize = 8;
/// A longer run of small letters is no word.
const LONGEST_WORD: usize = 20;

/// What stands behind `Bearer`, unless it is a word, as in `the bearer of bad news`.
pub(super) fn find_bearer(text: &str, is_whole: bool, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = position(&bytes[from..], BEARER) {
        let name_end = from + at + BEARER.len();
        let gap = gap_length(&bytes[name_end..]);
        let begin = name_end + gap;
        let end = begin + length(&bytes[begin..], is_token);
        let is_cut = !is_whole && end == bytes.len();
        if gap > 0 && end > begin && (is_cut || !is_word(&bytes[begin..end])) {
            found.push(begin..end);
        }
        // The token may be the name again.
        from = name_end;
    }
}

/// `header.payload`, with whatever parts follow.
pub(super) fn find_jwt(text: &str, is_whole: bool, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = text[from..].find(JWT) {
        let begin = from + at;
        let header = length(&bytes[begin..], is_base64url);
        let end = begin + length(&bytes[begin..], is_jwt);
        let is_cut = !is_whole && end == bytes.len();
        let has_payload = header >= SHORTEST_HEADER && end > begin + header + 1;
        if has_payload || is_cut {
            found.push(begin..end);
            from = end;
        } else {
            from = begin + JWT.len();
        }
    }
}

fn position(bytes: &[u8], name: &[u8]) -> Option<usize> {
    let mut windows = bytes.windows(name.len());
    windows.position(|window| window.eq_ignore_ascii_case(name))
}

fn length(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    let end = bytes.iter().position(|byte| !belongs(*byte));
    end.unwrap_or(bytes.len())
}

/// Blanks may be encoded, as in a path.
fn gap_length(bytes: &[u8]) -> usize {
    let mut gap = 0;
    loop {
        gap += length(&bytes[gap..], is_gap);
        if !bytes[gap..].starts_with(b"%20") {
            return gap;
        }
        gap += 3;
    }
}

/// What stands between the scheme and the token, in headers and in what people make of them.
const fn is_gap(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b':' | b'=' | b'"' | b'\'' | b'\\')
}

const fn is_token(byte: u8) -> bool {
    is_base64url(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=' | b'%')
}

const fn is_jwt(byte: u8) -> bool {
    is_base64url(byte) || matches!(byte, b'.' | b'=')
}

const fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn is_word(token: &[u8]) -> bool {
    let token = token.strip_suffix(b".").unwrap_or(token);
    token.len() < LONGEST_WORD && token.iter().all(u8::is_ascii_lowercase)
}
