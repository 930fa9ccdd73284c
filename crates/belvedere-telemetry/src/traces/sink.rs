use std::{sync::Arc, time::Duration};

use belvedere_core::trace::{SpanRecord, SpanSink};
use opentelemetry::{
    Context, InstrumentationScope, TraceFlags,
    trace::{Link, SpanContext, SpanId, TraceState},
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchSpanProcessor, Span, SpanData, SpanEvents, SpanLinks, SpanProcessor},
};

/// One queue and one export thread for both kinds of spans. `set_resource` was called before it was shared.
#[derive(Debug, Clone)]
pub(super) struct SharedProcessor(Arc<BatchSpanProcessor>);

impl SharedProcessor {
    pub(super) fn new(mut processor: BatchSpanProcessor, resource: &Resource) -> Self {
        processor.set_resource(resource);
        Self(Arc::new(processor))
    }
}

impl SpanProcessor for SharedProcessor {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.0.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        self.0.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }
}

/// Our own records enter as `SpanData`: a `SpanBuilder` cannot be told its ids.
#[derive(Debug)]
pub(super) struct Exporting {
    processor: SharedProcessor,
    scope: InstrumentationScope,
}

impl Exporting {
    pub(super) fn new(processor: SharedProcessor) -> Self {
        let scope =
            InstrumentationScope::builder("belvedere").with_version(env!("CARGO_PKG_VERSION"));
        Self {
            processor,
            scope: scope.build(),
        }
    }

    fn data(&self, span: SpanRecord) -> SpanData {
        let mut links = SpanLinks::default();
        links.links = span.links.into_iter().map(Link::with_context).collect();
        SpanData {
            // Kept, by its head or by its end: the processor exports only what is flagged as sampled.
            span_context: SpanContext::new(
                span.trace_id,
                span.span_id,
                TraceFlags::SAMPLED,
                false,
                TraceState::NONE,
            ),
            parent_span_id: span.parent.map_or(SpanId::INVALID, |parent| parent.span_id),
            parent_span_is_remote: span.parent.is_some_and(|parent| parent.is_remote),
            span_kind: span.kind,
            name: span.name,
            start_time: span.start,
            end_time: span.end,
            attributes: span.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links,
            status: span.status,
            instrumentation_scope: self.scope.clone(),
        }
    }
}

impl SpanSink for Exporting {
    fn on_end(&self, span: SpanRecord) {
        self.processor.on_end(self.data(span));
    }
}
