//! Card numbers (ISO/IEC 7812): 13 to 19 digits, in one piece or in groups, that pass Luhn's check.

use std::ops::{Range, RangeInclusive};

const DIGITS: RangeInclusive<usize> = 13..=19;
/// Groups after the first, which has four: `4-6-5` and `4-4-4-4-3` are in use.
const GROUP: RangeInclusive<usize> = 4..=6;
const FIRST_GROUP: usize = 4;
/// The last group is what is left of the number.
const LAST_GROUP: RangeInclusive<usize> = 1..=6;
/// What is known of a card before its first secret digit: issuers may be shown.
const ISSUER: usize = 6;
/// Lengths of hexadecimal ids: a span, a trace, SHA-1, SHA-256.
const HEX_IDS: [usize; 4] = [16, 32, 40, 64];
/// `8-4-4-4-12` (RFC 9562).
const UUID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

pub(super) fn find(text: &str, is_whole: bool, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let end = group_end(bytes, at);
        match card_end(bytes, at, is_whole) {
            Some(card_end) if !is_in_id(bytes, at, end) => {
                found.push(at..card_end);
                at = card_end;
            }
            _ => at = end,
        }
    }
}

/// Where the number that begins at `begin` ends, if it is one.
fn card_end(bytes: &[u8], begin: usize, is_whole: bool) -> Option<usize> {
    // No issuer has 0; times since 1970 begin with 1, in milliseconds as in nanoseconds.
    if matches!(bytes[begin], b'0' | b'1') {
        return None;
    }
    let end = group_end(bytes, begin);
    if end - begin == FIRST_GROUP {
        return grouped_end(bytes, begin, is_whole);
    }
    if !is_whole && end == bytes.len() && end - begin > ISSUER {
        return Some(end);
    }
    let digits = &bytes[begin..end];
    (DIGITS.contains(&digits.len()) && passes_luhn(digits)).then_some(end)
}

/// The longest of the numbers that the groups from `begin` on can be read as.
fn grouped_end(bytes: &[u8], begin: usize, is_whole: bool) -> Option<usize> {
    let mut end = begin + FIRST_GROUP;
    let separator = *bytes.get(end)?;
    let mut count = FIRST_GROUP;
    let mut longest = None;
    while matches!(separator, b' ' | b'-') && bytes.get(end) == Some(&separator) {
        let next = end + 1;
        let next_end = group_end(bytes, next);
        let length = next_end - next;
        count += length;
        if !LAST_GROUP.contains(&length) || count > *DIGITS.end() {
            break;
        }
        end = next_end;
        let is_cut = !is_whole && end == bytes.len() && count > ISSUER;
        let is_card = DIGITS.contains(&count) && passes_luhn(&bytes[begin..end]);
        if is_card || is_cut {
            longest = Some(end);
        }
        if !GROUP.contains(&length) {
            break;
        }
    }
    longest
}

fn group_end(bytes: &[u8], begin: usize) -> usize {
    let after = bytes[begin..]
        .iter()
        .position(|byte| !byte.is_ascii_digit());
    after.map_or(bytes.len(), |length| begin + length)
}

/// ISO/IEC 7812-1, annex B. Separators do not count.
fn passes_luhn(digits: &[u8]) -> bool {
    let digits = digits.iter().rev().filter(|byte| byte.is_ascii_digit());
    let sum: u32 = digits
        .enumerate()
        .map(|(place, byte)| weigh(place, u32::from(byte - b'0')))
        .sum();
    sum.is_multiple_of(10)
}

const fn weigh(place: usize, digit: u32) -> u32 {
    let weighed = digit << (place % 2);
    if weighed > 9 { weighed - 9 } else { weighed }
}

/// Whether the digits are part of a UUID, or of a hexadecimal id with letters in it.
fn is_in_id(bytes: &[u8], begin: usize, end: usize) -> bool {
    let word = around(bytes, begin..end, u8::is_ascii_alphanumeric);
    let is_hex = word.iter().all(u8::is_ascii_hexdigit);
    let has_letter = word.len() > end - begin;
    if is_hex && has_letter && HEX_IDS.contains(&word.len()) {
        return true;
    }
    is_uuid(around(bytes, begin..end, |byte| {
        byte.is_ascii_hexdigit() || *byte == b'-'
    }))
}

fn is_uuid(word: &[u8]) -> bool {
    let groups = word.split(|byte| *byte == b'-').map(<[u8]>::len);
    groups.eq(UUID_GROUPS)
}

/// The longest run around `within` of bytes that belong.
fn around(bytes: &[u8], within: Range<usize>, belongs: impl Fn(&u8) -> bool) -> &[u8] {
    let before = bytes[..within.start].iter().rev();
    let before = before.take_while(|byte| belongs(byte)).count();
    let after = bytes[within.end..].iter();
    let after = after.take_while(|byte| belongs(byte)).count();
    &bytes[within.start - before..within.end + after]
}
