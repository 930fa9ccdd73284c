//! Spans for tests.

use std::time::{Duration, SystemTime};

use belvedere_core::trace::{FinishedSpan, Parent};
use opentelemetry::trace::SpanKind;
use serde_json::Value;

/// When everything began.
pub(super) fn epoch() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// From `millis.0` to `millis.1` after that.
pub(super) fn span(trace: u128, id: u64, parent: u64, millis: (u64, u64)) -> FinishedSpan {
    FinishedSpan {
        trace_id: trace.into(),
        span_id: id.into(),
        parent: Some(Parent {
            span_id: parent.into(),
            is_remote: false,
        }),
        kind: SpanKind::Internal,
        name: format!("span {id}"),
        start: epoch() + Duration::from_millis(millis.0),
        end: epoch() + Duration::from_millis(millis.1),
        attributes: Vec::new(),
        is_error: false,
    }
}

/// The span of a request that a caller in another process asked for.
pub(super) fn server(trace: u128, id: u64, millis: (u64, u64)) -> FinishedSpan {
    FinishedSpan {
        parent: Some(Parent {
            span_id: 99.into(),
            is_remote: true,
        }),
        kind: SpanKind::Server,
        name: "GET /v1/orders/{id}".to_owned(),
        ..span(trace, id, 0, millis)
    }
}

pub(super) fn with(mut span: FinishedSpan, attributes: &[(&str, Value)]) -> FinishedSpan {
    let pairs = attributes.iter().cloned();
    span.attributes = pairs.map(|(key, value)| (key.to_owned(), value)).collect();
    span
}
