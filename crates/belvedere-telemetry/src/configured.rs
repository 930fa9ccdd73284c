use belvedere_core::names::event;

use crate::{Beside, LogFormat, TelemetryConfig, checked::Checked, otlp::Destination};

/// Which signals are on, and why: for `telemetry_configured`.
#[derive(Debug)]
pub(crate) struct Configured {
    logs: String,
    logs_export: String,
    traces: String,
    elastic_apm: String,
    transactions: String,
    metrics: &'static str,
    metrics_export: String,
    errors: &'static str,
    sampler: String,
}

impl Configured {
    pub(crate) fn of(config: &TelemetryConfig, checked: &Checked, beside: &Beside) -> Self {
        let format = if config.log.format == LogFormat::Json {
            "json"
        } else {
            "pretty"
        };
        Self {
            logs: format!("on: {format} to stdout at {}", config.log.level),
            logs_export: checked.logs.describe(),
            traces: with_ratio(&checked.traces, checked.sampler.ratio()),
            elastic_apm: with_ratio(&checked.elastic, checked.elastic_ratio),
            transactions: beside.describe_spans(),
            metrics: if config.prometheus.is_enabled {
                "on: prometheus"
            } else {
                "off: PROMETHEUS__IS_ENABLED is false"
            },
            metrics_export: checked.metrics.describe(),
            errors: beside.why,
            sampler: config.otel.traces_sampler.clone(),
        }
    }

    /// `ratio`: the share of traces that spans are made of now.
    pub(crate) fn announce(&self, ratio: f64) {
        let Self {
            logs,
            logs_export,
            traces,
            elastic_apm,
            transactions,
            metrics,
            metrics_export,
            errors,
            sampler,
        } = self;
        tracing::info!(
            message = event::TELEMETRY_CONFIGURED,
            logs,
            logs_export,
            traces,
            elastic_apm,
            transactions,
            metrics,
            metrics_export,
            errors,
            sampler,
            ratio
        );
    }
}

fn with_ratio(destination: &Destination, ratio: f64) -> String {
    match destination {
        Destination::Off(_) => destination.describe(),
        Destination::To(_) => format!("{}, ratio {ratio}", destination.describe()),
    }
}
