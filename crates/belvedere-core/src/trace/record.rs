use std::{borrow::Cow, fmt, time::SystemTime};

use opentelemetry::{
    KeyValue, SpanId, TraceId,
    trace::{SpanContext, SpanKind, Status},
};

/// The span above another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// Its id; the trace is the child's own.
    pub span_id: SpanId,
    /// Whether it is in another process.
    pub is_remote: bool,
}

/// A finished span, ready to be exported.
#[derive(Debug, Clone)]
pub struct SpanRecord {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// `None` for a root.
    pub parent: Option<Parent>,
    /// Server, client, producer, consumer or internal.
    pub kind: SpanKind,
    /// Low-cardinality name.
    pub name: Cow<'static, str>,
    /// When it began.
    pub start: SystemTime,
    /// When it ended; the difference is measured by the monotonic clock.
    pub end: SystemTime,
    /// By OpenTelemetry's semantic conventions.
    pub attributes: Vec<KeyValue>,
    /// Unset unless something failed.
    pub status: Status,
    /// Traces that it came from without being part of them.
    pub links: Vec<SpanContext>,
}

/// Where finished spans of kept traces go. Implemented by `belvedere-telemetry`.
pub trait SpanSink: Send + Sync + fmt::Debug + 'static {
    /// Must not block and must not panic; a full queue drops and counts.
    fn on_end(&self, span: SpanRecord);
}
