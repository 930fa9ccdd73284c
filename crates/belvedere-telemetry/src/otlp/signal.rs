use crate::{OtelConfig, config::OtlpOverrides};

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Metrics,
    Logs,
}

impl Signal {
    pub(crate) const fn grpc_path(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        }
    }

    /// Below a general endpoint.
    pub(super) const fn http_path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
            Self::Logs => "/v1/logs",
        }
    }

    /// `OTEL_TRACES_EXPORTER` and its like.
    pub(super) const fn exporter_variable(self) -> &'static str {
        match self {
            Self::Traces => "OTEL_TRACES_EXPORTER",
            Self::Metrics => "OTEL_METRICS_EXPORTER",
            Self::Logs => "OTEL_LOGS_EXPORTER",
        }
    }

    /// Whether it leaves as soon as there is an end point, or only when it is asked for: metrics are pulled and lines are
    /// read from stdout.
    pub(super) const fn is_sent_by_default(self) -> bool {
        matches!(self, Self::Traces)
    }

    /// Whether others come for it: then `prometheus` is a way to export it, and nothing to send.
    pub(super) const fn is_pulled(self) -> bool {
        matches!(self, Self::Metrics)
    }

    /// The general variable, or the signal's own.
    pub(super) fn variable(self, is_own: bool, what: &str) -> String {
        let name = match self {
            _ if !is_own => return format!("OTEL_EXPORTER_OTLP_{what}"),
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
            Self::Logs => "LOGS",
        };
        format!("OTEL_EXPORTER_OTLP_{name}_{what}")
    }

    pub(super) fn exporter(self, config: &OtelConfig) -> Option<&str> {
        match self {
            Self::Traces => config.traces_exporter.as_deref(),
            Self::Metrics => config.metrics_exporter.as_deref(),
            Self::Logs => config.logs_exporter.as_deref(),
        }
    }

    pub(super) fn overrides(self, config: &OtelConfig) -> OtlpOverrides<'_> {
        match self {
            Self::Traces => config.traces_overrides(),
            Self::Metrics => config.metrics_overrides(),
            Self::Logs => config.logs_overrides(),
        }
    }
}
