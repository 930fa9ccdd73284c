use std::{sync::Arc, time::Duration};

use belvedere_core::{About, config::ConfigError, trace::SpanSink};
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider},
};

use super::sink::{Exporting, SharedProcessor};
use crate::OtelConfig;

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
    processor: SharedProcessor,
}

impl Pipeline {
    /// `None` when the endpoint is off. Connects lazily: no back end can delay a start.
    pub(crate) fn start(
        endpoint: &Endpoint,
        config: &OtelConfig,
        about: About,
        environment: &str,
    ) -> Result<Option<Self>, ExporterBuildError> {
        let timeout = Duration::from_millis(config.exporter_otlp_timeout);
        let exporter = match endpoint {
            Endpoint::Off(_) => return Ok(None),
            Endpoint::Grpc(url) => SpanExporter::builder()
                .with_tonic()
                .with_endpoint(url)
                .with_timeout(timeout)
                .build()?,
            Endpoint::Http(url) => http_exporter(url, timeout)?,
        };
        let resource = resource(config, about, environment);
        let processor =
            SharedProcessor::new(BatchSpanProcessor::builder(exporter).build(), &resource);
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            // Users' spans exist only below a sampled request (see the gate) or outside of any.
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
            .with_span_processor(processor.clone())
            .build();
        Ok(Some(Self {
            provider,
            processor,
        }))
    }

    /// For users' spans.
    pub(crate) fn tracer(&self) -> SdkTracer {
        self.provider.tracer("belvedere")
    }

    /// For our own.
    pub(crate) fn sink(&self) -> Arc<dyn SpanSink> {
        Arc::new(Exporting::new(self.processor.clone()))
    }

    /// Sends what is waiting; blocks for `timeout` at most.
    pub(crate) fn shutdown(&self, timeout: Duration) -> OTelSdkResult {
        self.provider.shutdown_with_timeout(timeout)
    }
}

fn http_exporter(url: &str, timeout: Duration) -> Result<SpanExporter, ExporterBuildError> {
    let builder = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary);
    builder.with_endpoint(url).with_timeout(timeout).build()
}

fn resource(config: &OtelConfig, about: About, environment: &str) -> Resource {
    let name = config
        .service_name
        .clone()
        .unwrap_or_else(|| about.name.to_owned());
    Resource::builder()
        .with_attribute(KeyValue::new("service.version", about.version))
        .with_attribute(KeyValue::new(
            "deployment.environment.name",
            environment.to_owned(),
        ))
        .with_service_name(name)
        .build()
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
