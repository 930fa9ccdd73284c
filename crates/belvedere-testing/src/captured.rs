//! Spans as they end, for tests that need no back end.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use belvedere_core::trace::{Kept, Parent, SpanRecord, SpanSink, Status as Ended};
use opentelemetry::{
    SpanId, TraceId,
    trace::{SpanContext, SpanKind, Status},
};

/// A copy of a finished span.
#[derive(Debug, Clone, PartialEq)]
pub struct CapturedSpan {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// `None` for a root.
    pub parent: Option<Parent>,
    /// Server, client, producer, consumer or internal.
    pub kind: SpanKind,
    /// The span's name.
    pub name: String,
    /// When it began.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// Keys and values, in the order they were set.
    pub attributes: Vec<(String, String)>,
    /// Unset, or an error.
    pub status: Status,
    /// The traces it points at.
    pub links: Vec<SpanContext>,
}

impl CapturedSpan {
    fn of(span: &SpanRecord<'_>) -> Self {
        let attributes = span.attributes.iter();
        Self {
            trace_id: span.trace_id,
            span_id: span.span_id,
            parent: span.parent,
            kind: span.kind.clone(),
            name: span.name.to_owned(),
            start: span.start,
            end: span.end,
            attributes: attributes
                .map(|(key, value)| ((*key).to_owned(), value.to_string()))
                .collect(),
            status: match span.status {
                Ended::Unset => Status::Unset,
                Ended::Ok => Status::Ok,
                Ended::Error(text) => Status::error(text.to_owned()),
            },
            links: span.link.into_iter().cloned().collect(),
        }
    }

    /// What it says under `key`, if anything.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value.as_str())
    }
}

/// A sink that keeps a copy of every span that is let out. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct CapturedSpans(Arc<Mutex<Spans>>);

#[derive(Debug, Default)]
struct Spans {
    /// Written down, by their place here; not all of them are let out.
    encoded: Vec<CapturedSpan>,
    exported: Vec<CapturedSpan>,
}

impl CapturedSpans {
    /// All that were let out, in that order.
    #[must_use]
    pub fn all(&self) -> Vec<CapturedSpan> {
        self.lock().exported.clone()
    }

    /// All that were let out since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<CapturedSpan> {
        std::mem::take(&mut self.lock().exported)
    }

    fn lock(&self) -> MutexGuard<'_, Spans> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpanSink for CapturedSpans {
    fn encode(&self, span: &SpanRecord<'_>, out: &mut Vec<u8>) {
        let mut spans = self.lock();
        out.extend_from_slice(&spans.encoded.len().to_ne_bytes());
        spans.encoded.push(CapturedSpan::of(span));
    }

    fn export(&self, _: TraceId, _: Kept, places: &[u8], count: usize) {
        let mut spans = self.lock();
        let (places, rest) = places.as_chunks();
        assert!(rest.is_empty() && places.len() == count, "{count} spans");
        for place in places {
            let span = spans.encoded[usize::from_ne_bytes(*place)].clone();
            spans.exported.push(span);
        }
    }
}
