//! Of random texts, the same ones at each run.

use fastrand::Rng;

use super::super::{Redactor, redact_text, suspicion::Suspicion};

const ROUNDS: usize = 20_000;
/// What may stand around a secret without being part of it.
const HOSTILE: [&str; 16] = [
    " ", "\n", "\t", "\"", "{", "}", ",", ";", "<", ">", "é", "\u{2028}", "\0", "\\ ", "( ", " - ",
];

fn pick<'a>(random: &mut Rng, from: &[&'a str]) -> &'a str {
    random.choice(from.iter().copied()).unwrap_or_default()
}

fn hostile(random: &mut Rng) -> String {
    let length = random.usize(1..60);
    (0..length)
        .map(|_| match random.u8(0..4) {
            0 => pick(
                random,
                &[
                    "://", "@", "Bearer", "eyJ", "4111", "http://", "a.b", ":", "=",
                ],
            )
            .to_owned(),
            1 => random.char('a'..='z').to_string(),
            _ => pick(random, &HOSTILE).to_owned(),
        })
        .collect()
}

fn word(random: &mut Rng, length: std::ops::Range<usize>) -> String {
    let length = random.usize(length);
    (0..length).map(|_| random.alphanumeric()).collect()
}

fn digits(random: &mut Rng, length: usize) -> String {
    (0..length).map(|_| random.digit(10)).collect()
}

fn luhn_sum(digits: &str) -> u32 {
    let digits = digits.chars().rev().filter_map(|digit| digit.to_digit(10));
    let weighed = digits.enumerate().map(|(place, digit)| match place % 2 {
        0 => digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    });
    weighed.sum()
}

/// A number with its check digit.
fn card(random: &mut Rng) -> String {
    let length = random.usize(12..=18);
    let first = random.u8(2..10).to_string();
    let number = first + &digits(random, length - 1);
    let check = (10 - luhn_sum(&format!("{number}0")) % 10) % 10;
    format!("{number}{check}")
}

/// The text that a secret makes, and what of it may not be seen.
fn secret(random: &mut Rng) -> (String, String) {
    let hidden = format!("s3{}", word(random, 8..40));
    match random.u8(0..4) {
        0 => (format!("Bearer {hidden}"), hidden),
        1 => (
            format!("eyJ{}.eyJ{hidden}.{hidden}", word(random, 8..20)),
            hidden,
        ),
        2 => (format!("x+y://u:{hidden}@host/"), hidden),
        _ => {
            let card = card(random);
            (card.clone(), card)
        }
    }
}

#[test]
fn no_secret_survives_inside_of_hostile_text() {
    let mut random = Rng::with_seed(1);
    for _ in 0..ROUNDS {
        let (text, hidden) = secret(&mut random);
        let (before, after) = (hostile(&mut random), hostile(&mut random));
        let (left, right) = (pick(&mut random, &HOSTILE), pick(&mut random, &HOSTILE));
        let whole = format!("{before}{left}{text}{right}{after}");
        assert!(!redact_text(&whole).contains(&hidden), "{whole:?}");
    }
}

/// Every byte that may be, or now and then one.
fn encoded(random: &mut Rng, text: &str) -> String {
    let share = random.u8(1..=2);
    let bytes = text.bytes().map(|byte| {
        if random.u8(0..share) == 0 && !byte.is_ascii_alphanumeric() {
            format!("%{byte:02X}")
        } else {
            char::from(byte).to_string()
        }
    });
    bytes.collect()
}

#[test]
fn no_secret_survives_behind_percent_encoding() {
    let mut random = Rng::with_seed(4);
    for _ in 0..ROUNDS {
        let (text, hidden) = secret(&mut random);
        let depth = random.usize(1..=3);
        let whole = (0..depth).fold(text, |text, _| encoded(&mut random, &text));
        let whole = format!("/things/{whole}");
        assert!(!redact_text(&whole).contains(&hidden), "{whole:?}");
    }
}

#[test]
fn a_text_that_is_cut_anywhere_shows_no_start_of_a_secret() {
    let mut random = Rng::with_seed(2);
    let redactor = Redactor::default();
    for _ in 0..ROUNDS {
        let (text, hidden) = secret(&mut random);
        let whole = format!("{} {text}", hostile(&mut random));
        let end = whole.floor_char_boundary(random.usize(0..=whole.len()));
        let shown = redactor.show_start("note", &whole[..end]);
        assert!(!shown.contains(&hidden[..7]), "{:?}", &whole[..end]);
    }
}

#[test]
fn no_plain_text_is_damaged() {
    let mut random = Rng::with_seed(3);
    for _ in 0..ROUNDS {
        let whole = format!(
            "{} {} {}",
            plain(&mut random),
            plain(&mut random),
            plain(&mut random)
        );
        assert_eq!(redact_text(&whole), whole);
    }
}

fn plain(random: &mut Rng) -> String {
    match random.u8(0..8) {
        0 => uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes())
            .into_uuid()
            .to_string(),
        1 => format!("{:032x}", random.u128(..) | 0xa),
        2 => format!("{:016x}", random.u64(..) | 0xa),
        3 => format!(
            "2026-{:02}-{:02}T10:{:02}:05.{}Z",
            random.u8(1..13),
            random.u8(1..29),
            random.u8(0..60),
            digits(random, 6)
        ),
        4 => format!("2026-{:02}-{:02}", random.u8(1..13), random.u8(1..29)),
        5 => format!("1{}", digits(random, 12)),
        6 => format!("{}.", order_number(random)),
        _ => format!(
            "https://example.com:8443/{}?x={}",
            word(random, 3..9),
            random.u32(..)
        ),
    }
}

/// Long enough to be a card, and it is none.
fn order_number(random: &mut Rng) -> String {
    loop {
        let length = random.usize(13..=19);
        let number = digits(random, length);
        if !luhn_sum(&number).is_multiple_of(10) {
            return number;
        }
    }
}

#[test]
fn a_look_sees_what_a_search_would_find_at_any_place() {
    for length in 0..120 {
        for at in 0..length {
            let mut text = vec![b'.'; length];
            for needle in [
                &b"://@"[..],
                b"bEa",
                b"eyJ",
                b"inv",
                b"4111111111111",
                b"x:%2F",
            ] {
                text.fill(b'.');
                let Some(place) = text.get_mut(at..at + needle.len()) else {
                    continue;
                };
                place.copy_from_slice(needle);
                let seen = Suspicion::of(&text);
                assert!(!seen.is_none(), "{needle:?} at {at} of {length}");
            }
        }
        assert!(Suspicion::of(&vec![b'.'; length]).is_none());
    }
}
