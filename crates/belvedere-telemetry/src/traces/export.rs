use std::{sync::Arc, time::Duration};

use belvedere_core::{
    About, Redactor,
    config::ConfigError,
    trace::{Sampler, Tracer},
};
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    resource::{EnvResourceDetector, TelemetryResourceDetector},
    trace::{BatchSpanProcessor, SdkTracer, SdkTracerProvider},
};

use super::{
    sampling::FollowRequest,
    sink::{Exporting, SharedProcessor},
};
use crate::{OtelConfig, TelemetryConfig};

/// Where spans go over HTTP, below a general endpoint (OTLP specification).
const HTTP_TRACES_PATH: &str = "/v1/traces";

/// Where spans go, or why they go nowhere.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Off(&'static str),
    Grpc(String),
    Http(String),
}

impl Endpoint {
    /// What the variables say together.
    pub(crate) fn from_config(config: &OtelConfig) -> Result<Self, ConfigError> {
        if config.sdk_disabled {
            return Ok(Self::Off("OTEL_SDK_DISABLED is true"));
        }
        let own = config.exporter_otlp_traces_endpoint.clone();
        let general = config.exporter_otlp_endpoint.clone();
        match config.traces_exporter.as_deref() {
            Some("none") => Ok(Self::Off("OTEL_TRACES_EXPORTER is none")),
            Some("otlp") => Self::of(
                config,
                own,
                general.or_else(|| Some(default_endpoint(config))),
            ),
            None => Self::of(config, own, general),
            Some(other) => {
                let message = format!("{other:?} is not valid: known are otlp and none");
                Err(ConfigError::new("OTEL_TRACES_EXPORTER", message))
            }
        }
    }

    fn of(
        config: &OtelConfig,
        own: Option<String>,
        general: Option<String>,
    ) -> Result<Self, ConfigError> {
        let is_http = match config.exporter_otlp_protocol.as_str() {
            "grpc" => false,
            "http/protobuf" => true,
            other => {
                let message = format!("{other:?} is not valid: known are grpc and http/protobuf");
                return Err(ConfigError::new("OTEL_EXPORTER_OTLP_PROTOCOL", message));
            }
        };
        Ok(match (own, general) {
            (None, None) => Self::Off("no OTEL_EXPORTER_OTLP_ENDPOINT"),
            (Some(url), _) if is_http => Self::Http(url),
            (None, Some(url)) if is_http => {
                Self::Http(format!("{}{HTTP_TRACES_PATH}", url.trim_end_matches('/')))
            }
            (Some(url), _) | (None, Some(url)) => Self::Grpc(url),
        })
    }

    /// Whether nothing is exported.
    pub(crate) const fn is_off(&self) -> bool {
        matches!(self, Self::Off(_))
    }

    /// For `telemetry_configured`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Off(why) => format!("off: {why}"),
            Self::Grpc(url) => format!("on: otlp/grpc to {url}"),
            Self::Http(url) => format!("on: otlp/http to {url}"),
        }
    }
}

fn default_endpoint(config: &OtelConfig) -> String {
    let port = if config.exporter_otlp_protocol == "grpc" {
        4317
    } else {
        4318
    };
    format!("http://127.0.0.1:{port}")
}

/// The export of traces, while it is on.
#[derive(Debug)]
pub(crate) struct Pipeline {
    provider: SdkTracerProvider,
    tracer: Tracer,
}

impl Pipeline {
    /// `None` when the endpoint is off. Connects lazily: no back end can delay a start.
    pub(crate) fn start(
        endpoint: &Endpoint,
        config: &TelemetryConfig,
        resource: Resource,
        sampler: Sampler,
    ) -> Result<Option<Self>, ConfigError> {
        let Some(exporter) = exporter(endpoint, &config.otel) else {
            return Ok(None);
        };
        let exporter = exporter.map_err(|error| not_built(&config.otel, &error))?;
        let processor =
            SharedProcessor::new(BatchSpanProcessor::builder(exporter).build(), &resource);
        let sink = Arc::new(Exporting::new(processor.clone()));
        let tracer = Tracer::new(sink, sampler, Duration::from_millis(config.trace.slow_ms));
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(FollowRequest(tracer.clone()))
            .with_span_processor(processor)
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

fn exporter(
    endpoint: &Endpoint,
    config: &OtelConfig,
) -> Option<Result<SpanExporter, ExporterBuildError>> {
    let timeout = Duration::from_millis(config.exporter_otlp_timeout);
    match endpoint {
        Endpoint::Off(_) => None,
        Endpoint::Grpc(url) => {
            let builder = SpanExporter::builder().with_tonic();
            Some(builder.with_endpoint(url).with_timeout(timeout).build())
        }
        Endpoint::Http(url) => {
            let builder = SpanExporter::builder()
                .with_http()
                .with_protocol(Protocol::HttpBinary);
            Some(builder.with_endpoint(url).with_timeout(timeout).build())
        }
    }
}

/// What the exporter objects to is, but for a header that is none, the address.
fn not_built(config: &OtelConfig, error: &ExporterBuildError) -> ConfigError {
    let place = if config.exporter_otlp_traces_endpoint.is_some() {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    } else {
        "OTEL_EXPORTER_OTLP_ENDPOINT"
    };
    let message = format!("the exporter was not built: {error}");
    ConfigError::new(place, Redactor::default().show(place, &message))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(change: impl FnOnce(&mut OtelConfig)) -> Endpoint {
        let mut config = OtelConfig::default();
        change(&mut config);
        Endpoint::from_config(&config).unwrap()
    }

    #[test]
    fn traces_go_where_the_variables_say() {
        assert!(matches!(endpoint(|_| {}), Endpoint::Off(_)));
        let url = "http://c:4317".to_owned();
        assert_eq!(
            endpoint(|c| c.exporter_otlp_endpoint = Some(url.clone())),
            Endpoint::Grpc(url.clone())
        );
        let off = endpoint(|c| {
            c.exporter_otlp_endpoint = Some(url.clone());
            c.sdk_disabled = true;
        });
        assert!(matches!(off, Endpoint::Off(_)));
        let http = endpoint(|c| {
            c.exporter_otlp_endpoint = Some("http://c:4318/".to_owned());
            c.exporter_otlp_protocol = "http/protobuf".to_owned();
        });
        assert_eq!(http, Endpoint::Http("http://c:4318/v1/traces".to_owned()));
        let default = endpoint(|c| c.traces_exporter = Some("otlp".to_owned()));
        assert_eq!(default, Endpoint::Grpc("http://127.0.0.1:4317".to_owned()));
    }
}
