use std::fmt;

use opentelemetry::{
    SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceState},
};

/// The `traceparent` header (W3C Trace Context, level 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    /// The whole trace.
    pub trace_id: TraceId,
    /// The caller's span.
    pub span_id: SpanId,
    /// The caller's sampling decision.
    pub sampled: bool,
}

impl TraceParent {
    /// `00-<32 hex>-<16 hex>-<2 hex>`. Malformed headers and all-zero ids are `None`, as the standard asks;
    /// of an unknown version the known prefix is read.
    pub fn parse(header: &[u8]) -> Option<Self> {
        let (head, tail) = header.split_at_checked(55)?;
        let [v1, v0, b'-', ref ids @ .., b'-', f1, f0] = *head else {
            return None;
        };
        let version = byte(v1, v0)?;
        let unknown_tail =
            version == 0 && !tail.is_empty() || tail.first().is_some_and(|c| *c != b'-');
        if version == 0xff || unknown_tail || ids[32] != b'-' {
            return None;
        }
        let trace_id = TraceId::from_bytes(hex(&ids[..32])?);
        let span_id = SpanId::from_bytes(hex(&ids[33..])?);
        let valid = trace_id != TraceId::INVALID && span_id != SpanId::INVALID;
        valid.then_some(Self {
            trace_id,
            span_id,
            sampled: byte(f1, f0)? & 1 == 1,
        })
    }

    /// The two hex digits of the flags.
    pub const fn flags(&self) -> &'static str {
        if self.sampled { "01" } else { "00" }
    }

    pub(crate) fn remote_context(&self) -> SpanContext {
        let flags = TraceFlags::default().with_sampled(self.sampled);
        SpanContext::new(self.trace_id, self.span_id, flags, true, TraceState::NONE)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{}", self.trace_id, self.span_id, self.flags())
    }
}

fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (byte_out, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte_out = byte(pair[0], pair[1])?;
    }
    Some(bytes)
}

fn byte(high: u8, low: u8) -> Option<u8> {
    Some(nibble(high)? << 4 | nibble(low)?)
}

/// Lower case only: the standard calls upper-case digits malformed.
const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_good_header_survives_its_own_text() {
        let parent = TraceParent::parse(GOOD.as_bytes()).unwrap();
        assert!(parent.sampled);
        assert_eq!(parent.to_string(), GOOD);
    }

    #[test]
    fn a_newer_version_is_read_by_its_known_prefix() {
        let newer = format!("cc{}-what-the-future-brings", &GOOD[2..]);
        assert_eq!(
            TraceParent::parse(newer.as_bytes()),
            TraceParent::parse(GOOD.as_bytes())
        );
    }

    #[test]
    fn malformed_headers_are_ignored() {
        let zero_trace = GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
        let zero_span = GOOD.replace("00f067aa0ba902b7", &"0".repeat(16));
        let bad = [
            "",
            "00",
            &GOOD[..54],
            &format!("{GOOD}-more"),
            &GOOD.to_uppercase(),
            &GOOD.replace("00-4", "ff-4"),
            &GOOD.replace('-', "_"),
            &GOOD.replace("-01", "-0g"),
            &zero_trace,
            &zero_span,
            "00-4bf92f3577b34da6a3ce929d0e0e473\u{e9}-00f067aa0ba902b7-01",
        ];
        for header in bad {
            assert_eq!(TraceParent::parse(header.as_bytes()), None, "{header}");
        }
    }
}
