use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};

use belvedere_core::{
    Redactor,
    trace::{Sampler, SpanReader, Tracer},
};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::{
    Resource as SdkResource,
    trace::{SdkTracer, SdkTracerProvider},
};

use super::{BackEnd, reading, sampling::FollowRequest, sink::FanOut};
use crate::{
    TelemetryConfig,
    otlp::{Batching, Queue, Target},
    resource::Resource,
    telemetry::TelemetryError,
};

/// A place for spans, and who it is told that they come from.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) target: Target,
    pub(crate) resource: Resource,
    /// The share of traces that it gets.
    pub(crate) ratio: f64,
}

/// The export of traces, while it is on.
#[derive(Debug)]
pub(crate) struct Pipeline {
    provider: SdkTracerProvider,
    tracer: Tracer,
    back_ends: Arc<[BackEnd]>,
    has_read: Mutex<Option<mpsc::Receiver<()>>>,
}

impl Pipeline {
    /// `None` when spans go nowhere.
    pub(crate) fn start(
        routes: &[Route],
        reader: Option<&Arc<dyn SpanReader>>,
        follow_parent: bool,
        config: &TelemetryConfig,
    ) -> Result<Option<Self>, TelemetryError> {
        let ratios = routes.iter().map(|route| route.ratio);
        let ratios = ratios.chain(reader.map(|reader| reader.ratio()));
        let Some(widest) = ratios.reduce(f64::max) else {
            return Ok(None);
        };
        let redactor = Redactor::new(config.redact.keys.iter().cloned());
        let batching = Batching::of_spans(&config.otel);
        let export = |route: &Route| {
            let queue = batching.start(&route.target, &route.resource, &redactor)?;
            Ok(BackEnd::new(queue, route.ratio, widest))
        };
        let mut has_read = None;
        let read = |reader| {
            let (queue, end) = reading::start(reader, &config.otel)?;
            has_read = Some(end);
            Ok(BackEnd::new(queue, reader.ratio(), widest))
        };
        let back_ends = routes.iter().map(export).chain(reader.map(read));
        let back_ends: Result<Arc<[_]>, TelemetryError> = back_ends.collect();
        let back_ends = back_ends?;
        let fan_out = FanOut {
            back_ends: Arc::clone(&back_ends),
            redactor,
        };
        let slow = Duration::from_millis(config.trace.slow_ms);
        let sampler = Sampler::new(widest, follow_parent);
        let tracer = Tracer::new(Arc::new(fan_out.clone()), sampler, slow);
        let provider = SdkTracerProvider::builder()
            // Each exporter says who it is itself.
            .with_resource(SdkResource::builder_empty().build())
            .with_sampler(FollowRequest(tracer.clone()))
            .with_span_processor(fan_out)
            .build();
        Ok(Some(Self {
            provider,
            tracer,
            back_ends,
            has_read: Mutex::new(has_read),
        }))
    }

    /// For users' spans.
    pub(crate) fn sdk_tracer(&self) -> SdkTracer {
        self.provider.tracer("belvedere")
    }

    /// For our own.
    pub(crate) const fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    pub(crate) fn back_ends(&self) -> Arc<[BackEnd]> {
        Arc::clone(&self.back_ends)
    }

    /// Waits until the reader, if there is one, has ended. Its queue has to be closed.
    pub(crate) fn wait_for_reader(&self, deadline: Instant) {
        let mut has_read = self.has_read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(end) = has_read.take() {
            let left = deadline.saturating_duration_since(Instant::now());
            // Nothing is ever sent: either is an end.
            let _ = end.recv_timeout(left);
        }
    }

    pub(crate) fn queues(&self) -> impl Iterator<Item = &Queue> {
        self.back_ends.iter().map(|back_end| &**back_end.queue())
    }
}
