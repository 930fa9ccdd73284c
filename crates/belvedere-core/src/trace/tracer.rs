use std::{cell::RefCell, sync::Arc, time::Duration};

use opentelemetry::TraceId;

use super::{Kept, Sampler, SpanRecord, SpanSink};

thread_local! {
    /// Reused from span to span.
    static ENCODED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What a request has to know about tracing: the sampler, and where spans go.
#[derive(Debug, Clone)]
pub struct Tracer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sampler: Sampler,
    sink: Option<Arc<dyn SpanSink>>,
    slow: Duration,
}

impl Tracer {
    /// Sends kept spans to `sink`. A request that takes `slow` or longer is kept whatever the sampler says.
    pub fn new(sink: Arc<dyn SpanSink>, sampler: Sampler, slow: Duration) -> Self {
        Self(Arc::new(Inner {
            sampler,
            sink: Some(sink),
            slow,
        }))
    }

    /// Makes no span, and still gives every request its ids.
    pub fn off() -> Self {
        Self(Arc::new(Inner {
            sampler: Sampler::new(0.0, false),
            sink: None,
            slow: Duration::MAX,
        }))
    }

    /// The sampler, to read or to change its ratio.
    pub fn sampler(&self) -> &Sampler {
        &self.0.sampler
    }

    /// Whether any span goes anywhere.
    pub fn is_on(&self) -> bool {
        self.0.sink.is_some()
    }

    /// Whether a request of that duration is kept for being slow.
    pub fn is_slow(&self, duration: Duration) -> bool {
        duration >= self.0.slow
    }

    /// Writes a span down without letting it out.
    pub(crate) fn encode(&self, span: &SpanRecord<'_>, out: &mut Vec<u8>) {
        if let Some(sink) = &self.0.sink {
            sink.encode(span, out);
        }
    }

    pub(crate) fn export(&self, span: &SpanRecord<'_>, kept: Kept) {
        let Some(sink) = &self.0.sink else { return };
        ENCODED.with_borrow_mut(|encoded| {
            encoded.clear();
            sink.encode(span, encoded);
            sink.export(span.trace_id, kept, encoded, 1);
        });
    }

    pub(crate) fn export_encoded(&self, trace_id: TraceId, kept: Kept, spans: &[u8], count: usize) {
        if let Some(sink) = &self.0.sink {
            sink.export(trace_id, kept, spans, count);
        }
    }

    /// Whether spans of a sampled trace are to be held back as well.
    pub(crate) fn waits_for_end(&self, trace_id: TraceId) -> bool {
        let sink = self.0.sink.as_ref();
        sink.is_some_and(|sink| sink.waits_for_end(trace_id))
    }
}
