use std::{fmt, time::SystemTime};

use opentelemetry::{
    SpanId, TraceId,
    trace::{SpanContext, SpanKind},
};

/// The span above another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// Its id; the trace is the child's own.
    pub span_id: SpanId,
    /// Whether it is in another process.
    pub is_remote: bool,
}

/// What an attribute says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'v> {
    /// Text.
    Str(&'v str),
    /// Text that is written in the code: nothing in it has to be hidden.
    Const(&'static str),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Double(f64),
    /// Yes or no.
    Bool(bool),
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Str(text)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str(text) | Self::Const(text) => f.write_str(text),
            Self::Int(number) => number.fmt(f),
            Self::Double(number) => number.fmt(f),
            Self::Bool(flag) => flag.fmt(f),
        }
    }
}

/// A key by OpenTelemetry's semantic conventions, and what it says.
pub type Attribute<'s> = (&'static str, Value<'s>);

/// How what a span stands for has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status<'s> {
    /// As it should, or nobody can say.
    Unset,
    /// As it should: who gave the work its name says so. For what is done outside of requests, whose back ends have no status code
    /// to tell it by.
    Ok,
    /// It failed; the text may be empty.
    Error(&'s str),
}

/// A finished span, borrowed from whoever it tells of: it lives until its sink has written it down.
#[derive(Debug, Clone, Copy)]
pub struct SpanRecord<'s> {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// `None` for a root.
    pub parent: Option<Parent>,
    /// `tracestate` as the caller sent it (W3C Trace Context), if there is any.
    pub trace_state: Option<&'s str>,
    /// Server, client, producer, consumer or internal.
    pub kind: &'s SpanKind,
    /// Low-cardinality name.
    pub name: &'s str,
    /// When it began.
    pub start: SystemTime,
    /// When it ended; the difference is measured by the monotonic clock.
    pub end: SystemTime,
    /// By OpenTelemetry's semantic conventions.
    pub attributes: &'s [Attribute<'s>],
    /// Unset unless something failed.
    pub status: Status<'s>,
    /// A trace that it came from without being part of it.
    pub link: Option<&'s SpanContext>,
}

/// Why the spans of a trace are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is sampled at its head.
    Sampled,
    /// It has failed, or was slow.
    AtEnd {
        /// Whether it is sampled too, so that some have these spans already.
        is_sampled: bool,
    },
}

/// Where finished spans of kept traces go. Implemented by `belvedere-telemetry`.
///
/// A span is written down once, when it ends, in the sink's own form; a request that may yet be kept or dropped holds that.
pub trait SpanSink: Send + Sync + fmt::Debug + 'static {
    /// Appends `span` to `out`, so that several in a row can be told apart.
    fn encode(&self, span: &SpanRecord<'_>, out: &mut Vec<u8>);

    /// Takes `count` spans of one trace as [`SpanSink::encode`] wrote them. Must not block and must not panic; a full queue
    /// drops and counts.
    fn export(&self, trace_id: TraceId, kept: Kept, spans: &[u8], count: usize);

    /// Whether somebody wants this trace only if it ends badly, though it is sampled: its spans are then held back as well.
    fn waits_for_end(&self, _trace_id: TraceId) -> bool {
        false
    }
}
