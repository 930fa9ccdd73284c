use std::time::{Duration, SystemTime};

use http::{HeaderMap, header::RETRY_AFTER};

/// The limit of the first pause; a replica that is being replaced is gone by then.
const FIRST: Duration = Duration::from_millis(50);
/// Beyond this a caller has better things to do.
const LONGEST: Duration = Duration::from_secs(2);

/// How long to wait before retry number `retry`, from 1: anything between nothing and a limit that doubles, so that those who
/// failed together do not come back together.
pub fn pause(retry: u16) -> Duration {
    let doubled = FIRST.saturating_mul(1 << (retry.saturating_sub(1)).min(10));
    doubled.min(LONGEST).mul_f64(fastrand::f64())
}

/// What the upstream asks for: seconds, or a date (RFC 9110, section 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_anything_up_to_a_limit_that_doubles() {
        for (retry, limit) in [(1, FIRST), (2, 2 * FIRST), (u16::MAX, LONGEST)] {
            let pauses: Vec<_> = (0..1_000).map(|_| pause(retry)).collect();
            let (shortest, longest) = (pauses.iter().min(), pauses.iter().max());
            assert!(*longest.unwrap() <= limit && *longest.unwrap() > limit / 2);
            assert!(*shortest.unwrap() < limit / 5, "{shortest:?}");
        }
    }

    #[test]
    fn an_upstream_asks_for_seconds_or_names_a_date() {
        let asked = |value: &str| {
            let headers = [(RETRY_AFTER, value.parse().unwrap())];
            retry_after(&HeaderMap::from_iter(headers))
        };
        assert_eq!(asked("3"), Some(Duration::from_secs(3)));
        let soon = SystemTime::now() + Duration::from_secs(100);
        let left = asked(&httpdate::fmt_http_date(soon)).unwrap();
        assert!((50..=100).contains(&left.as_secs()), "{left:?}");
        let past = asked("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(past, Some(Duration::ZERO));
        assert_eq!(asked("soon"), None);
    }
}
