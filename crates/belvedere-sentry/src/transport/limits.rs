//! How long Sentry wants to be left alone, kind by kind (develop.sentry.dev/sdk/expected-features/rate-limiting).

use std::time::{Duration, Instant};

use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};

use super::Kind;

const RATE_LIMITS: &str = "x-sentry-rate-limits";
/// Of a refusal that does not say for how long.
const USUAL_PAUSE: Duration = Duration::from_secs(60);
/// Longest time that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
const KINDS: [Kind; 2] = [Kind::Error, Kind::Transaction];

/// Until when which kind is to be kept back.
#[derive(Debug, Default)]
pub(super) struct Limits {
    errors: Option<Instant>,
    transactions: Option<Instant>,
}

impl Limits {
    /// Whether nothing of this kind may be sent now.
    pub(super) fn hold(&mut self, kind: Kind, now: Instant) -> bool {
        self.of(kind).is_some_and(|until| now < until)
    }

    /// Takes an answer's word.
    pub(super) fn obey(&mut self, status: StatusCode, headers: &HeaderMap, now: Instant) {
        let said = headers.get(RATE_LIMITS);
        let said = said.and_then(|said| said.to_str().ok());
        match said {
            Some(said) => said.split(',').for_each(|limit| self.limit(limit, now)),
            None if status == StatusCode::TOO_MANY_REQUESTS => {
                let after = headers.get(RETRY_AFTER);
                let pause = after.and_then(|after| seconds(after.to_str().ok()?));
                for kind in KINDS {
                    self.pause(kind, pause.unwrap_or(USUAL_PAUSE), now);
                }
            }
            None => {}
        }
    }

    /// `60:error;transaction:organization`: for a minute none of these; of no category, none at all.
    fn limit(&mut self, limit: &str, now: Instant) {
        let mut parts = limit.trim().split(':');
        let pause = parts.next().and_then(seconds).unwrap_or(USUAL_PAUSE);
        let categories = parts.next().unwrap_or_default();
        for kind in KINDS {
            let mut named = categories.split(';');
            if categories.is_empty() || named.any(|category| category == kind.category()) {
                self.pause(kind, pause, now);
            }
        }
    }

    fn pause(&mut self, kind: Kind, pause: Duration, now: Instant) {
        let until = self.of(kind);
        *until = (*until).max(Some(now + pause.min(LONGEST_PAUSE)));
    }

    const fn of(&mut self, kind: Kind) -> &mut Option<Instant> {
        match kind {
            Kind::Error => &mut self.errors,
            Kind::Transaction => &mut self.transactions,
        }
    }
}

fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether errors and transactions are held, so many seconds after such an answer.
    fn held(status: u16, header: &str, value: &str, after: u64) -> [bool; 2] {
        let (mut limits, now) = (Limits::default(), Instant::now());
        let mut headers = HeaderMap::new();
        if !header.is_empty() {
            headers.insert(
                reqwest::header::HeaderName::try_from(header).unwrap(),
                value.parse().unwrap(),
            );
        }
        limits.obey(StatusCode::from_u16(status).unwrap(), &headers, now);
        KINDS.map(|kind| limits.hold(kind, now + Duration::from_secs(after)))
    }

    #[test]
    fn what_a_server_asks_for_holds_for_the_kinds_that_it_names() {
        for (status, header, value, after, wanted) in [
            (200, "", "", 0, [false, false]),
            (429, "", "", 59, [true, true]),
            (429, "", "", 61, [false, false]),
            (429, "retry-after", "7", 6, [true, true]),
            (429, "retry-after", "7", 8, [false, false]),
            (429, "retry-after", "999999", 301, [false, false]),
            (200, RATE_LIMITS, "9:transaction:key", 8, [false, true]),
            (429, RATE_LIMITS, "9:error;span:key", 8, [true, false]),
            (429, RATE_LIMITS, "9::organization", 8, [true, true]),
            (200, RATE_LIMITS, "9:span:key", 0, [false, false]),
            (
                429,
                RATE_LIMITS,
                "5:error:key, 9:transaction:key",
                7,
                [false, true],
            ),
        ] {
            assert_eq!(
                held(status, header, value, after),
                wanted,
                "{status} {value}"
            );
        }
    }
}
