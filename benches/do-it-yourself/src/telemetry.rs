//! Lines as JSON on stdout, spans in batches to an OTLP collector: as the crates' own pages set them up.

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt, registry};

use crate::Failure;

/// axum-tracing-opentelemetry has its spans at `trace`.
const FILTER: &str = "info,otel::tracing=trace";

/// The sampler is the SDK's own: it reads `OTEL_TRACES_SAMPLER` by itself.
pub(crate) fn install() -> Result<SdkTracerProvider, Failure> {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let exporter = SpanExporter::builder().with_tonic().build()?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(
            Resource::builder()
                .with_service_name("do-it-yourself")
                .build(),
        )
        .build();
    let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer("do-it-yourself"));
    registry()
        .with(EnvFilter::new(FILTER))
        .with(fmt::layer().json())
        .with(traces)
        .try_init()?;
    opentelemetry::global::set_tracer_provider(provider.clone());
    Ok(provider)
}
