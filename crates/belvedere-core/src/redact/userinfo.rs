//! `user:password` before the host of a URL (RFC 3986, section 3.2.1).

use std::ops::Range;

const SCHEME_END: &str = "://";

/// `scheme://user:password@host` -> `scheme://[REDACTED]@host`, everywhere in `text`.
pub(super) fn find(text: &str, is_whole: bool, found: &mut Vec<Range<usize>>) {
    let mut from = 0;
    let mut run_end = 0;
    while let Some(next) = text[from..].find(SCHEME_END) {
        let begin = from + next + SCHEME_END.len();
        // Looked for once for all URLs of a run, whatever their number.
        if run_end < begin {
            run_end = begin + run_len(&text[begin..]);
        }
        let is_cut = !is_whole && run_end == text.len();
        let length = userinfo_len(&text[begin..run_end], is_cut);
        if let Some(length) = length {
            found.push(begin..begin + length);
        }
        from = begin + length.unwrap_or(0);
    }
}

/// As far as a URL may go in a text.
fn run_len(rest: &str) -> usize {
    rest.find(|c: char| c.is_whitespace() || c == '"')
        .unwrap_or(rest.len())
}

fn userinfo_len(run: &str, is_cut: bool) -> Option<usize> {
    let authority = &run[..run.find(['/', '?', '#']).unwrap_or(run.len())];
    if let Some(at) = authority.rfind('@') {
        return Some(at);
    }
    if is_cut && authority.len() == run.len() {
        // The `@` may have been behind the cut.
        return Some(run.len());
    }
    if !has_password(authority) {
        return None;
    }
    // A password with a `/`, a `?` or a `#` that nobody encoded.
    match run.rfind('@') {
        None if is_cut => Some(run.len()),
        at => at,
    }
}

/// Whether what stands after the colon can be no port.
fn has_password(authority: &str) -> bool {
    // `[::1]` is a host.
    let after_host = authority.rsplit(']').next().unwrap_or_default();
    after_host
        .split_once(':')
        .is_some_and(|(_, port)| port.is_empty() || port.bytes().any(|byte| !byte.is_ascii_digit()))
}
