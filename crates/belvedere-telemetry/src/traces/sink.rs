use std::{sync::Arc, time::Instant};

use belvedere_core::{
    Redactor,
    trace::{SpanRecord, SpanSink},
};
use opentelemetry::Context;
use opentelemetry_sdk::{
    error::{OTelSdkError, OTelSdkResult},
    trace::{Span, SpanData, SpanProcessor},
};
use std::time::Duration;

use crate::otlp::{Queue, span};

/// Both kinds of spans, our own records and what `tracing-opentelemetry` makes of users', into one queue.
#[derive(Debug, Clone)]
pub(super) struct Exporting {
    pub(super) queue: Arc<Queue>,
    pub(super) redactor: Redactor,
}

impl SpanSink for Exporting {
    fn encode(&self, record: &SpanRecord<'_>, out: &mut Vec<u8>) {
        span::record(out, &self.redactor, record);
    }

    fn export(&self, spans: &[u8], count: usize) {
        self.queue.push(spans, count);
    }
}

impl SpanProcessor for Exporting {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, data: SpanData) {
        if data.span_context.is_sampled() {
            let mut encoded = Vec::with_capacity(512);
            span::data(&mut encoded, &self.redactor, &data);
            self.queue.push(&encoded, 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        if self.queue.close(Instant::now() + timeout) {
            Ok(())
        } else {
            Err(OTelSdkError::Timeout(timeout))
        }
    }
}
