use std::sync::Arc;
use std::time::Duration;

use belvedere_core::{
    Redactor,
    trace::{Kept, SpanRecord, SpanSink},
};
use opentelemetry::{Context, TraceId};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

use super::BackEnd;
use crate::otlp::span;

/// Both kinds of spans, our own records and what `tracing-opentelemetry` makes of users', into the queue of each back end that
/// wants them. Written down once for all.
#[derive(Debug, Clone)]
pub(super) struct FanOut {
    pub(super) back_ends: Arc<[BackEnd]>,
    pub(super) redactor: Redactor,
}

impl SpanSink for FanOut {
    fn encode(&self, record: &SpanRecord<'_>, out: &mut Vec<u8>) {
        span::record(out, &self.redactor, record);
    }

    fn export(&self, trace_id: TraceId, kept: Kept, spans: &[u8], count: usize) {
        for back_end in &*self.back_ends {
            if back_end.takes(trace_id, kept) {
                back_end.queue().push(spans, count);
            }
        }
    }

    fn waits_for_end(&self, trace_id: TraceId) -> bool {
        let mut others = self.back_ends.iter();
        others.any(|back_end| !back_end.samples(trace_id))
    }
}

impl SpanProcessor for FanOut {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, data: SpanData) {
        if data.span_context.is_sampled() {
            let mut encoded = Vec::with_capacity(512);
            span::data(&mut encoded, &self.redactor, &data);
            self.export(data.span_context.trace_id(), Kept::Sampled, &encoded, 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    /// The queues are closed by whoever holds them, all at the same time.
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
