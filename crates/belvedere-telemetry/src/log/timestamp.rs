//! RFC 3339 in UTC with microseconds; all but the last six digits is rendered once a second.

use std::{
    cell::RefCell,
    time::{Duration, SystemTime},
};

use time::{
    OffsetDateTime, format_description::StaticFormatDescription, macros::format_description,
};

const TO_THE_SECOND: StaticFormatDescription =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

thread_local! {
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

/// Appends `2026-01-31T08:15:30.123456Z`.
pub(super) fn write(out: &mut Vec<u8>, now: SystemTime) {
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let cached =
        SECOND.try_with(|second| write_cached(out, since.as_secs(), &mut second.borrow_mut()));
    if cached.is_err() {
        // The thread is ending, and its locals are gone.
        out.extend_from_slice(render(since.as_secs()).as_bytes());
    }
    out.extend_from_slice(&fraction(since.subsec_micros()));
}

/// `.000042Z`: without a formatter, because every line has one.
fn fraction(micros: u32) -> [u8; 8] {
    let mut text = *b".000000Z";
    let mut rest = micros;
    for digit in text[1..7].iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    text
}

fn write_cached(out: &mut Vec<u8>, now: u64, (second, text): &mut (u64, String)) {
    if *second != now {
        *second = now;
        *text = render(now);
    }
    out.extend_from_slice(text.as_bytes());
}

fn render(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(TO_THE_SECOND).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_utc_with_microseconds() {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_micros(1_769_847_330_000_042);
        for _ in 0..2 {
            let mut out = Vec::new();
            write(&mut out, moment);
            assert_eq!(
                String::from_utf8(out).unwrap(),
                "2026-01-31T08:15:30.000042Z"
            );
        }
    }
}
