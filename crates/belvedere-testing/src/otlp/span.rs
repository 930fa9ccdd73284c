//! A span as plain text values, out of its protobuf form.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, Span,
    span::{Link, SpanKind},
};

use super::text::{hex, of_attributes, of_resource};

/// A span as it arrived, with every value as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedSpan {
    /// 32 hex digits.
    pub trace_id: String,
    /// 16 hex digits.
    pub span_id: String,
    /// 16 hex digits, empty for a root.
    pub parent_span_id: String,
    /// The caller's `tracestate`, empty where there was none.
    pub trace_state: String,
    /// The span's name.
    pub name: String,
    /// `internal`, `server`, `client`, `producer`, `consumer` or `unspecified`.
    pub kind: &'static str,
    /// The span's attributes.
    pub attributes: BTreeMap<String, String>,
    /// 0 unset, 1 ok, 2 error.
    pub status_code: i32,
    /// Nanoseconds since the epoch.
    pub start_nanos: u64,
    /// Nanoseconds since the epoch.
    pub end_nanos: u64,
    /// Trace and span of each link.
    pub links: Vec<(String, String)>,
    /// The attributes of the resource that sent it.
    pub resource: BTreeMap<String, String>,
}

impl ReceivedSpan {
    /// How long it took.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.end_nanos.saturating_sub(self.start_nanos))
    }
}

pub(super) fn read_batch(batch: ResourceSpans) -> Vec<ReceivedSpan> {
    let resource = of_resource(batch.resource);
    let spans = batch.scope_spans.into_iter().flat_map(|scope| scope.spans);
    spans
        .map(|span| read_span(span, resource.clone()))
        .collect()
}

pub(super) fn read_span(span: Span, resource: BTreeMap<String, String>) -> ReceivedSpan {
    ReceivedSpan {
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent_span_id: hex(&span.parent_span_id),
        kind: kind(span.kind()),
        trace_state: span.trace_state,
        name: span.name,
        attributes: of_attributes(span.attributes),
        status_code: span.status.map_or(0, |status| status.code),
        start_nanos: span.start_time_unix_nano,
        end_nanos: span.end_time_unix_nano,
        links: span.links.iter().map(ends).collect(),
        resource,
    }
}

fn ends(link: &Link) -> (String, String) {
    (hex(&link.trace_id), hex(&link.span_id))
}

fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "unspecified",
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    }
}
