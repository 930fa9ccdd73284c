use std::{fmt, time::SystemTime};

use opentelemetry::{SpanId, TraceId, trace::SpanKind};
use serde_json::Value;

use super::Parent;

/// A span of a kept trace that has ended and been written down: our own or a user's, with everything redacted and cut already.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedSpan {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// `None` for a root.
    pub parent: Option<Parent>,
    /// Server, client, producer, consumer or internal.
    pub kind: SpanKind,
    /// Low-cardinality name.
    pub name: String,
    /// When it began.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// By OpenTelemetry's semantic conventions.
    pub attributes: Vec<(String, Value)>,
    /// Whether what it stands for has failed.
    pub is_error: bool,
}

impl FinishedSpan {
    /// What it says under `key`.
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        let mut pairs = self.attributes.iter();
        pairs.find_map(|(known, value)| (known == key).then_some(value))
    }

    /// Whether nothing above it is in this process.
    pub fn is_local_root(&self) -> bool {
        let is_entry = matches!(self.kind, SpanKind::Server | SpanKind::Consumer);
        is_entry || self.parent.is_none_or(|parent| parent.is_remote)
    }
}

/// Makes something other than OTLP of the spans of its share of the traces: one more back end. What calls it is a thread of
/// `belvedere-telemetry`'s that does nothing else, so that it may take its time, but not wait for anybody.
pub trait SpanReader: Send + Sync + fmt::Debug + 'static {
    /// The share of traces that it wants, 0 to 1.
    fn ratio(&self) -> f64;

    /// Takes the spans that have ended since it was last called, of any traces; again and again, also without any.
    fn read(&self, spans: Vec<FinishedSpan>);

    /// No more will come.
    fn close(&self);
}
