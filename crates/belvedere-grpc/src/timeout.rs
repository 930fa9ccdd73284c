//! `grpc-timeout`: how long the caller waits.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests>

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// More digits than this are not allowed.
const MOST_DIGITS: usize = 8;

/// How long a callee has, as it is told.
pub(crate) fn written(left: Duration) -> HeaderValue {
    let millis = left.as_millis();
    let text = if millis < 10_u128.pow(MOST_DIGITS as u32) {
        format!("{millis}m")
    } else {
        format!("{}S", left.as_secs().min(99_999_999))
    };
    HeaderValue::try_from(text).expect("digits and a letter")
}

/// What the caller said; malformed is as good as nothing.
pub(crate) fn read(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(GRPC_TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || digits.len() > MOST_DIGITS {
        return None;
    }
    let value = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value * 60 * 60)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<Duration> {
        let headers = [(GRPC_TIMEOUT, text.parse().unwrap())];
        read(&headers.into_iter().collect())
    }

    #[test]
    fn a_timeout_is_a_number_and_a_unit() {
        assert_eq!(said("2H"), Some(Duration::from_secs(7200)));
        assert_eq!(said("3M"), Some(Duration::from_secs(180)));
        assert_eq!(said("99999999S"), Some(Duration::from_secs(99_999_999)));
        assert_eq!(said("150m"), Some(Duration::from_millis(150)));
        assert_eq!(said("7u"), Some(Duration::from_micros(7)));
        assert_eq!(said("0n"), Some(Duration::ZERO));
    }

    #[test]
    fn what_is_written_is_read_again() {
        for seconds in [0, 1, 99_999, 100_000, 99_999_999] {
            let left = Duration::from_secs(seconds);
            let headers = [(GRPC_TIMEOUT, written(left))];
            assert_eq!(read(&headers.into_iter().collect()), Some(left));
        }
    }

    #[test]
    fn what_is_malformed_says_nothing() {
        for text in ["", "S", "1", "1s", "-1S", "+1S", "100000000S", "1.5S", "é"] {
            let mut headers = HeaderMap::new();
            let value = http::HeaderValue::from_bytes(text.as_bytes()).unwrap();
            headers.insert(GRPC_TIMEOUT, value);
            assert_eq!(read(&headers), None, "{text:?}");
        }
    }
}
