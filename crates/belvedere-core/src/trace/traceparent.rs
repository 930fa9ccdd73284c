use std::fmt;

use opentelemetry::{
    SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceState},
};

use crate::hex;

/// Bytes of a header of the version that is known.
const LENGTH: usize = 55;
/// Where the parts of it stand.
const TRACE_AT: std::ops::Range<usize> = 3..35;
const SPAN_AT: std::ops::Range<usize> = 36..52;
const FLAG_AT: usize = LENGTH - 1;

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
    /// of an unknown version the known prefix is read. HTTP/2 does not trim what stands around a value: that is done here.
    pub fn parse(header: &[u8]) -> Option<Self> {
        let (head, tail) = header.trim_ascii().split_at_checked(LENGTH)?;
        let [version, flags] = [&head[..2], &head[FLAG_AT - 1..]].map(hex::decode);
        let ([version], [flags]) = (version?, flags?);
        let is_marked = [2, TRACE_AT.end, SPAN_AT.end].map(|at| head[at]) == *b"---";
        let has_odd_tail = match tail.first() {
            None => false,
            Some(first) => version == 0 || *first != b'-',
        };
        if version == 0xff || has_odd_tail || !is_marked {
            return None;
        }
        Self::of_ids(&head[TRACE_AT], &head[SPAN_AT], flags & 1 == 1)
    }

    /// Of 32 and 16 digits, neither all zero.
    pub(crate) fn of_ids(trace_id: &[u8], span_id: &[u8], sampled: bool) -> Option<Self> {
        let trace_id = TraceId::from_bytes(hex::decode(trace_id)?);
        let span_id = SpanId::from_bytes(hex::decode(span_id)?);
        let valid = trace_id != TraceId::INVALID && span_id != SpanId::INVALID;
        valid.then_some(Self {
            trace_id,
            span_id,
            sampled,
        })
    }

    /// The header's own text.
    pub fn to_ascii(&self) -> [u8; LENGTH] {
        let mut text = [b'-'; LENGTH];
        text[..2].copy_from_slice(b"00");
        text[TRACE_AT].copy_from_slice(hex::encode(self.trace_id.to_bytes()).as_flattened());
        text[SPAN_AT].copy_from_slice(hex::encode(self.span_id.to_bytes()).as_flattened());
        text[FLAG_AT - 1..].copy_from_slice(self.flags().as_bytes());
        text
    }

    /// The two hex digits of the flags.
    pub const fn flags(&self) -> &'static str {
        if self.sampled { "01" } else { "00" }
    }

    /// A span of another process.
    pub(crate) fn remote_context(&self, state: TraceState) -> SpanContext {
        self.context(true, state)
    }

    /// A span of this one.
    pub(crate) fn local_context(&self, state: TraceState) -> SpanContext {
        self.context(false, state)
    }

    fn context(&self, is_remote: bool, state: TraceState) -> SpanContext {
        let flags = TraceFlags::default().with_sampled(self.sampled);
        SpanContext::new(self.trace_id, self.span_id, flags, is_remote, state)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.to_ascii()).expect("digits are ASCII"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn parse(header: &str) -> Option<TraceParent> {
        TraceParent::parse(header.as_bytes())
    }

    #[test]
    fn a_good_header_survives_its_own_text() {
        let parent = parse(GOOD).unwrap();
        assert!(parent.sampled);
        assert_eq!(parent.to_string(), GOOD);
        let unsampled = GOOD.replace("-01", "-00");
        assert_eq!(parse(&unsampled).unwrap().to_string(), unsampled);
    }

    #[test]
    fn of_all_flags_only_the_first_counts() {
        for (flags, sampled) in [("00", false), ("01", true), ("fe", false), ("ff", true)] {
            let header = GOOD.replace("-01", &format!("-{flags}"));
            assert_eq!(parse(&header).unwrap().sampled, sampled, "{flags}");
        }
    }

    #[test]
    fn a_newer_version_is_read_by_its_known_prefix() {
        for tail in ["", "-", "-what-the-future-will-be-like"] {
            let newer = format!("cc{}{tail}", &GOOD[2..]);
            assert_eq!(parse(&newer), parse(GOOD), "{newer}");
        }
    }

    #[test]
    fn white_space_around_a_header_is_none_of_it() {
        for around in [" ", "\t", " \t "] {
            assert_eq!(parse(&format!("{around}{GOOD}{around}")), parse(GOOD));
        }
    }

    /// The cases of the W3C's own test suite, each a change to a good header.
    #[test]
    fn malformed_headers_are_ignored() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let changes = [
            ("00-4", "ff-4"),
            ("00-4", ".0-4"),
            ("00-4", "0.-4"),
            ("00-4", "000-4"),
            ("00-4", "0-4"),
            ("00-4", "-4"),
            ("00-4", "0 0-4"),
            (trace, "00000000000000000000000000000000"),
            (trace, ".bf92f3577b34da6a3ce929d0e0e4736"),
            (trace, "4bf92f3577b34da6a3ce929d0e0e473."),
            (trace, "4bf92f3577b34da6a3ce929d0e0e47360"),
            (trace, "4bf92f3577b34da6a3ce929d0e0e473"),
            (trace, "4BF92F3577B34DA6A3CE929D0E0E4736"),
            (trace, "4bf92f3577b34da6a3ce929d0e0e473\u{e9}"),
            (span, "0000000000000000"),
            (span, ".0f067aa0ba902b7"),
            (span, "00f067aa0ba902b."),
            (span, "00f067aa0ba902b70"),
            (span, "00f067aa0ba902b"),
            (span, "00F067AA0BA902B7"),
            ("-01", "-.1"),
            ("-01", "-0."),
            ("-01", "-001"),
            ("-01", "-1"),
            ("-01", "-0A"),
            ("-01", ""),
            ("-01", "-01."),
            ("-01", "-01-"),
            ("-01", "-01-what-the-future-will-be-like"),
            ("-0", "_0"),
            (GOOD, ""),
            (GOOD, "00"),
            (GOOD, "-"),
        ];
        for (good, bad) in changes {
            let header = GOOD.replacen(good, bad, 1);
            assert_ne!(header, GOOD);
            assert_eq!(parse(&header), None, "{header}");
        }
        let newer = format!("cc{}.what-the-future-will-be-like", &GOOD[2..]);
        assert_eq!(parse(&newer), None);
        assert_eq!(parse(&format!("{GOOD},{GOOD}")), None);
    }
}
