//! From the bytes that spans wait in back to spans, off the way of requests.

use std::time::{Duration, SystemTime};

use belvedere_core::trace::{FinishedSpan, Parent};
use opentelemetry::{SpanId, TraceId, trace::SpanKind};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value},
    trace::v1::{ScopeSpans, Span, span, status::StatusCode},
};
use prost::Message;
use serde_json::Value;

use crate::otlp::span::IS_REMOTE;

/// What was encoded one after the other. Of bytes that are no spans, which cannot be, there are none.
pub(super) fn spans(entries: &[u8]) -> Vec<FinishedSpan> {
    let decoded = ScopeSpans::decode(entries).unwrap_or_default();
    decoded.spans.into_iter().filter_map(finished).collect()
}

fn finished(span: Span) -> Option<FinishedSpan> {
    let parent = id(&span.parent_span_id).map(|parent| Parent {
        span_id: SpanId::from_bytes(parent),
        is_remote: span.flags & IS_REMOTE != 0,
    });
    let status = span.status.as_ref();
    Some(FinishedSpan {
        trace_id: TraceId::from_bytes(id(&span.trace_id)?),
        span_id: SpanId::from_bytes(id(&span.span_id)?),
        parent,
        kind: kind(span.kind()),
        start: moment(span.start_time_unix_nano),
        end: moment(span.end_time_unix_nano),
        is_error: status.is_some_and(|status| status.code() == StatusCode::Error),
        attributes: span.attributes.into_iter().filter_map(pair).collect(),
        name: span.name,
    })
}

fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn moment(nanos: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)
}

const fn kind(kind: span::SpanKind) -> SpanKind {
    match kind {
        span::SpanKind::Server => SpanKind::Server,
        span::SpanKind::Client => SpanKind::Client,
        span::SpanKind::Producer => SpanKind::Producer,
        span::SpanKind::Consumer => SpanKind::Consumer,
        span::SpanKind::Internal | span::SpanKind::Unspecified => SpanKind::Internal,
    }
}

fn pair(pair: KeyValue) -> Option<(String, Value)> {
    let AnyValue { value } = pair.value?;
    let value = match value? {
        any_value::Value::StringValue(text) => text.into(),
        any_value::Value::BoolValue(flag) => flag.into(),
        any_value::Value::IntValue(number) => number.into(),
        any_value::Value::DoubleValue(number) => number.into(),
        // Nothing else is written.
        _ => return None,
    };
    Some((pair.key, value))
}

#[cfg(test)]
mod tests {
    use belvedere_core::{
        Redactor,
        trace::{SpanRecord, Status, Value as Said},
    };

    use super::*;
    use crate::otlp::span::record;

    #[test]
    fn what_is_read_is_what_was_written() {
        let redactor = Redactor::default();
        let mut entries = Vec::new();
        let start = moment(1_700_000_000_000_000_001);
        let mut span = SpanRecord {
            trace_id: 7.into(),
            span_id: 8.into(),
            parent: Some(Parent {
                span_id: 9.into(),
                is_remote: true,
            }),
            trace_state: None,
            kind: &SpanKind::Client,
            name: "SELECT orders",
            start,
            end: start + Duration::from_millis(5),
            attributes: &[
                ("db.query.text", Said::Str("SELECT 1")),
                ("api_key", Said::Str("hunter2")),
                ("rows", Said::Int(-3)),
                ("share", Said::Double(0.5)),
                ("is_late", Said::Bool(true)),
            ],
            status: Status::Error("no"),
            link: None,
        };
        record(&mut entries, &redactor, &span);
        (span.parent, span.status) = (None, Status::Unset);
        record(&mut entries, &redactor, &span);
        let read = spans(&entries);
        let [first, second] = &*read else {
            panic!("{read:?}");
        };
        let ids = (first.trace_id, first.span_id, first.parent);
        let parent = Parent {
            span_id: 9.into(),
            is_remote: true,
        };
        assert_eq!(ids, (7.into(), 8.into(), Some(parent)));
        assert_eq!((&*first.name, &first.kind), ("SELECT orders", span.kind));
        assert_eq!((first.start, first.end), (span.start, span.end));
        assert!(first.is_error && first.is_local_root());
        for (key, value) in [
            ("db.query.text", Value::from("SELECT 1")),
            ("api_key", "[REDACTED]".into()),
            ("rows", (-3).into()),
            ("share", 0.5.into()),
            ("is_late", true.into()),
        ] {
            assert_eq!(first.attribute(key), Some(&value));
        }
        assert_eq!((second.parent, second.is_error), (None, false));
        assert!(spans(&entries[1..]).is_empty(), "those are no spans");
    }
}
