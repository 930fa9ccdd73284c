use std::{borrow::Cow, ops::Range};

use super::{REDACTED, card, decoded::Decoded, quoted, suspicion::Suspicion, token, userinfo};

/// A text with what looks like a secret taken out of it: tokens after `Bearer`, JWTs, card numbers that pass Luhn's check, user
/// and password of URLs, and input that a parser repeats.
///
/// ```
/// let shown = belvedere_core::redact_text("no route to redis://:hunter2@cache:6379");
/// assert_eq!(shown, "no route to redis://[REDACTED]@cache:6379");
/// ```
pub fn redact_text(text: &str) -> Cow<'_, str> {
    let suspicion = Suspicion::of(text.as_bytes());
    if suspicion.is_none() {
        return Cow::Borrowed(text);
    }
    without(text, find(text, suspicion, true))
}

/// The same for a text that lacks its end.
pub(super) fn redact_start(text: &str) -> Cow<'_, str> {
    without(text, find(text, Suspicion::ALL, false))
}

/// At most `max` bytes of a text, without what looks like a secret.
pub(crate) fn redact_cut(text: &str, max: usize) -> Cow<'_, str> {
    let start = &text[..text.floor_char_boundary(max)];
    if start.len() < text.len() {
        redact_start(start)
    } else {
        redact_text(text)
    }
}

/// As it is, and as it reads when it is decoded: what stands in a path is encoded.
#[cold]
fn find(text: &str, suspicion: Suspicion, is_whole: bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    search(text, suspicion, is_whole, &mut found);
    if suspicion.mark {
        search_decoded(text, is_whole, &mut found);
    }
    found.sort_unstable_by_key(|range| range.start);
    found
}

fn search_decoded(text: &str, is_whole: bool, found: &mut Vec<Range<usize>>) {
    for decoded in Decoded::all_of(text) {
        let suspicion = if is_whole {
            Suspicion::of(decoded.text.as_bytes())
        } else {
            Suspicion::ALL
        };
        let mut inside = Vec::new();
        search(&decoded.text, suspicion, is_whole, &mut inside);
        found.extend(inside.iter().map(|range| decoded.place(range)));
    }
}

fn search(text: &str, suspicion: Suspicion, is_whole: bool, found: &mut Vec<Range<usize>>) {
    if suspicion.mark {
        userinfo::find(text, is_whole, found);
    }
    if suspicion.bearer {
        token::find_bearer(text, is_whole, found);
    }
    if suspicion.jwt {
        token::find_jwt(text, is_whole, found);
    }
    if suspicion.card {
        card::find(text, is_whole, found);
    }
    if suspicion.quoted {
        quoted::find(text, is_whole, found);
    }
}

/// `hidden`: sorted by their begin; they may overlap.
fn without(text: &str, hidden: Vec<Range<usize>>) -> Cow<'_, str> {
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut done = 0;
    for range in hidden {
        if range.start > done || done == 0 {
            shown.push_str(&text[done..range.start]);
            shown.push_str(REDACTED);
        }
        done = done.max(range.end);
    }
    shown.push_str(&text[done..]);
    Cow::Owned(shown)
}
