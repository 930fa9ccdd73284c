//! When a back end that did not take a request wants to be asked again: its own word (OTLP specification, "Throttling"), or an
//! exponential backoff.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header::RETRY_AFTER};
use prost::Message;

/// Pause before a batch is sent again; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What an `Any` says that it holds ends like this.
const RETRY_INFO: &str = "/google.rpc.RetryInfo";

/// Pauses for a back end that says nothing of them.
#[derive(Debug)]
pub(super) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Backoff {
    pub(super) fn next(&mut self) -> Duration {
        let now = self.0;
        self.0 = LONGEST_PAUSE.min(now * 2);
        now
    }
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date. One that is over says nothing.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let date = httpdate::parse_http_date(text).ok()?;
        date.duration_since(now).ok()?
    };
    said(pause)
}

/// `google.rpc.RetryInfo`: that it is there says that a request may be repeated at all.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<ProtoDuration>,
}

impl RetryInfo {
    /// Out of the details of a gRPC status, which are a `google.rpc.Status`.
    pub(super) fn of(details: &[u8]) -> Option<Self> {
        let status = RpcStatus::decode(details).ok()?;
        let mut details = status.details.iter();
        let info = details.find(|any| any.type_url.ends_with(RETRY_INFO))?;
        Self::decode(&*info.value).ok()
    }

    /// None leaves the pause to us.
    pub(super) fn delay(&self) -> Option<Duration> {
        let told = self.retry_delay.as_ref()?;
        let seconds = u64::try_from(told.seconds).ok()?;
        let nanos = u32::try_from(told.nanos).ok()?;
        said(Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos.into())))
    }
}

/// `google.rpc.Status`, without what tonic reads elsewhere.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<ProtoAny>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct ProtoAny {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct ProtoDuration {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

fn said(pause: Duration) -> Option<Duration> {
    (!pause.is_zero()).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<Duration> {
        let now = httpdate::parse_http_date("Fri, 20 Nov 2026 10:00:00 GMT").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers, now)
    }

    #[test]
    fn a_pause_is_told_in_seconds_or_as_a_date() {
        for (text, seconds) in [
            ("7", 7),
            (" 120 ", 120),
            ("Fri, 20 Nov 2026 10:00:09 GMT", 9),
            ("Friday, 20-Nov-26 10:01:00 GMT", 60),
            ("Fri Nov 20 10:00:02 2026", 2),
        ] {
            assert_eq!(told(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_pause_is_none() {
        for text in [
            "",
            "0",
            "-1",
            "1.5",
            "soon",
            "99999999999999999999",
            "Fri, 20 Nov 2026 09:59:59 GMT",
            "Fri, 20 Nov 2026 10:00:00 GMT",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::now()), None);
    }

    fn details(type_url: &str, seconds: i64, nanos: i32) -> Vec<u8> {
        let retry_delay = Some(ProtoDuration { seconds, nanos });
        let any = |type_url: &str, value| ProtoAny {
            type_url: type_url.to_owned(),
            value,
        };
        let other = any("type.googleapis.com/google.rpc.DebugInfo", vec![1, 2, 3]);
        let info = any(type_url, RetryInfo { retry_delay }.encode_to_vec());
        let details = vec![other, info];
        RpcStatus { details }.encode_to_vec()
    }

    #[test]
    fn retry_info_is_found_among_other_details() {
        let info = "type.googleapis.com/google.rpc.RetryInfo";
        let found = RetryInfo::of(&details(info, 3, 500_000_000)).unwrap();
        assert_eq!(found.delay(), Some(Duration::from_millis(3500)));
        for (seconds, nanos) in [(0, 0), (-1, 0), (1, -1)] {
            let found = RetryInfo::of(&details(info, seconds, nanos)).unwrap();
            assert_eq!(found.delay(), None);
        }
        assert_eq!(RetryInfo::of(&details("x/google.rpc.Help", 3, 0)), None);
        for hostile in [&b""[..], b"\xff\xff\xff", &[0x1a, 0xff, 0x7f]] {
            assert_eq!(RetryInfo::of(hostile), None);
        }
    }

    #[test]
    fn a_pause_of_ours_doubles_up_to_a_bound() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..6).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 5000, 5000]);
    }
}
