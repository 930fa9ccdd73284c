use std::{cell::Cell, sync::Arc, time::Duration};

use belvedere_core::{
    About, Redactor,
    config::ConfigError,
    trace::{Sampler, Tracer},
};
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    resource::{EnvResourceDetector, TelemetryResourceDetector},
    trace::{SdkTracer, SdkTracerProvider},
};
use tokio::runtime;

use super::{sampling::FollowRequest, sink::Exporting};
use crate::{
    OtelConfig, TelemetryConfig,
    otlp::{Destination, Exporter, Limits, Pace, Queue, ResourceEnvelope, Target, Transport},
    telemetry::TelemetryError,
};

/// The export of traces, while it is on.
#[derive(Debug)]
pub(crate) struct Pipeline {
    provider: SdkTracerProvider,
    tracer: Tracer,
}

impl Pipeline {
    /// `None` when spans go nowhere. Connects when the first batch is due: no back end can delay a start.
    pub(crate) fn start(
        destination: &Destination,
        config: &TelemetryConfig,
        resource: Resource,
        sampler: Sampler,
    ) -> Result<Option<Self>, TelemetryError> {
        let Destination::To(target) = destination else {
            return Ok(None);
        };
        let redactor = Redactor::new(config.redact.keys.iter().cloned());
        let queue = Arc::new(Queue::new("traces", limits(&config.otel)));
        let envelope = ResourceEnvelope::new(&resource, &redactor);
        start_exporter(target, &config.otel, Arc::clone(&queue), envelope)?;
        let exporting = Exporting { queue, redactor };
        let slow = Duration::from_millis(config.trace.slow_ms);
        let tracer = Tracer::new(Arc::new(exporting.clone()), sampler, slow);
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(FollowRequest(tracer.clone()))
            .with_span_processor(exporting)
            .build();
        Ok(Some(Self { provider, tracer }))
    }

    /// For users' spans.
    pub(crate) fn sdk_tracer(&self) -> SdkTracer {
        self.provider.tracer("belvedere")
    }

    /// For our own.
    pub(crate) const fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// Sends what is waiting; blocks for `timeout` at most.
    pub(crate) fn shutdown(&self, timeout: Duration) -> OTelSdkResult {
        self.provider.shutdown_with_timeout(timeout)
    }
}

fn start_exporter(
    target: &Target,
    config: &OtelConfig,
    queue: Arc<Queue>,
    envelope: ResourceEnvelope,
) -> Result<(), TelemetryError> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(TelemetryError::Export)?;
    let transport = {
        let _entered = runtime.enter();
        Transport::new(target).map_err(|error| not_built(target, &error))?
    };
    let exporter = Exporter {
        queue,
        transport,
        envelope,
        pace: pace(config),
        is_failing: Cell::new(false),
        url: Redactor::default().show("url", &target.url).into_owned(),
    };
    exporter.start(runtime).map_err(TelemetryError::Export)
}

fn limits(config: &OtelConfig) -> Limits {
    let waiting = config.bsp_max_queue_size.max(1);
    Limits {
        waiting,
        batch: config.bsp_max_export_batch_size.clamp(1, waiting),
    }
}

fn pace(config: &OtelConfig) -> Pace {
    Pace {
        delay: Duration::from_millis(config.bsp_schedule_delay),
        patience: Duration::from_millis(config.bsp_export_timeout),
        batch: limits(config).batch,
    }
}

/// What a transport objects to is the address.
fn not_built(target: &Target, error: &impl std::error::Error) -> ConfigError {
    let text = std::iter::successors(Some(error as &dyn std::error::Error), |error| {
        error.source()
    });
    let text: Vec<_> = text.map(ToString::to_string).collect();
    let message = format!("{:?} is not valid: {}", target.url, text.join(": "));
    let shown = Redactor::default().show("url", &message).into_owned();
    ConfigError::new(&target.variable, shown)
}

/// What all spans say of their service. `OTEL_RESOURCE_ATTRIBUTES` stands over what we know ourselves, `OTEL_SERVICE_NAME`
/// over both, as the specification asks.
pub(crate) fn resource(config: &TelemetryConfig, about: About, environment: &str) -> Resource {
    let name = config.service.name.as_deref().unwrap_or(about.name);
    let builder = Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_service_name(name.to_owned())
        .with_attribute(KeyValue::new("service.version", about.version))
        .with_attribute(KeyValue::new(
            "deployment.environment.name",
            environment.to_owned(),
        ))
        .with_detector(Box::new(EnvResourceDetector::new()));
    match &config.otel.service_name {
        Some(name) => builder.with_service_name(name.clone()).build(),
        None => builder.build(),
    }
}
