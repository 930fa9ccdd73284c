use std::path::{Path, PathBuf};

use belvedere_core::{
    ConnectionUrl, Secret, TrustedPeers,
    config::{Docs, Knob},
    propagation::{BaggageKeys, Propagators, ResponseTrace},
    settings,
};
use serde::{Deserialize, Serialize};

settings! {
    /// Who the service is.
    pub struct ServiceConfig {
        /// Name in every signal; default: the crate's name.
        pub name: Option<String> = None,
    }
}

settings! {
    /// Log lines on stdout.
    pub struct LogConfig {
        /// `off`, `error`, `warn`, `info`, `debug`, `trace`, or a list such as `info,shop::orders=debug`.
        pub level: String = "info".to_owned(),
        /// `json` for machines, `pretty` for people.
        pub format: LogFormat = LogFormat::Json,
        /// Lets `h2`, `hyper`, `rustls`, `tonic`, `tower` and `sqlx` log below `info`. They print raw headers.
        pub wire: bool = false,
    }
}

settings! {
    /// What no signal may show.
    pub struct RedactConfig {
        /// More keys whose values are hidden, besides the built-in ones.
        pub keys: Vec<String> = Vec::new(),
    }
}

settings! {
    /// Traces: what is kept.
    pub struct TraceConfig {
        /// A request of this many milliseconds or more is kept whatever the sampler says.
        pub slow_ms: u64 = 1000,
        /// Addresses and networks whose trace context is continued; that of others is only linked to.
        pub trusted_peers: TrustedPeers = TrustedPeers::default(),
        /// Keys of baggage that trusted callers may send along to handlers and callees, e.g. `plan,region`; default: none.
        pub baggage_keys: BaggageKeys = BaggageKeys::default(),
        /// The response header that names the trace: `server-timing`, `traceresponse`, `both` or `none`.
        pub response_header: ResponseTrace = ResponseTrace::default(),
    }
}

settings! {
    /// Metrics for Prometheus to pull.
    pub struct PrometheusConfig {
        /// Off makes every measurement a no-op.
        pub is_enabled: bool = true,
        /// Port of the admin listener, over the one of ADMIN__ADDR.
        pub server_port: Option<u16> = None,
        /// Label sets of one metric; all further ones are told as `_overflow`.
        pub series_per_metric: usize = 1_000,
        /// Tenants with series of their own, the busiest; all others are told as `_other`.
        pub tenants: usize = 100,
    }
}

settings! {
    /// OpenTelemetry's own variables, by their own names.
    pub struct OtelConfig {
        /// Turns export off; ids, propagation and logs stay.
        pub sdk_disabled: bool = false,
        /// Name in traces; wins over SERVICE__NAME.
        pub service_name: Option<String> = None,
        /// Said of this process in every exported signal: `key=value,key=value`, percent-encoded.
        pub resource_attributes: Option<String> = None,
        /// Headers that carry trace context in and out: any of `tracecontext,baggage,b3,b3multi`, or `none`.
        pub propagators: Propagators = Propagators::default(),
        /// Newer names in spans, where there are two kinds: `rpc` for those of gRPC, `rpc/dup` for both of them; default: the older ones.
        pub semconv_stability_opt_in: Option<String> = None,
        /// `otlp`, `none`, or a list of both; default: `otlp` when an endpoint is set.
        pub traces_exporter: Option<String> = None,
        /// `otlp`, or `none` or `prometheus`, which pulls in any case; default: `none`.
        pub metrics_exporter: Option<String> = None,
        /// `otlp` or `none`; default: `none`. Lines go to stdout whatever it says.
        pub logs_exporter: Option<String> = None,
        /// `always_on`, `always_off`, `traceidratio`, or any of them with `parentbased_` before it.
        pub traces_sampler: String = "parentbased_traceidratio".to_owned(),
        /// Ratio of traces kept, 0 to 1; default: 1 in development, 0.1 elsewhere.
        pub traces_sampler_arg: Option<f64> = None,
        /// Where signals go, e.g. `http://127.0.0.1:4317`.
        pub exporter_otlp_endpoint: Option<String> = None,
        /// `grpc` or `http/protobuf`.
        pub exporter_otlp_protocol: String = "grpc".to_owned(),
        /// Sent along, e.g. `api-key=...,x-team=core`; values percent-encoded.
        pub exporter_otlp_headers: Option<Secret> = None,
        /// `gzip` or `none`.
        pub exporter_otlp_compression: Option<String> = None,
        /// Longest wait for one export, in milliseconds.
        pub exporter_otlp_timeout: u64 = 10_000,
        /// A file of certificates (PEM) that are trusted besides the usual ones.
        pub exporter_otlp_certificate: Option<PathBuf> = None,
        /// For traces alone; used as it is, path included.
        pub exporter_otlp_traces_endpoint: Option<String> = None,
        /// For traces alone.
        pub exporter_otlp_traces_protocol: Option<String> = None,
        /// For traces alone.
        pub exporter_otlp_traces_headers: Option<Secret> = None,
        /// For traces alone.
        pub exporter_otlp_traces_compression: Option<String> = None,
        /// For traces alone.
        pub exporter_otlp_traces_timeout: Option<u64> = None,
        /// For traces alone.
        pub exporter_otlp_traces_certificate: Option<PathBuf> = None,
        /// For metrics alone; used as it is, path included.
        pub exporter_otlp_metrics_endpoint: Option<String> = None,
        /// For metrics alone.
        pub exporter_otlp_metrics_protocol: Option<String> = None,
        /// For metrics alone.
        pub exporter_otlp_metrics_headers: Option<Secret> = None,
        /// For metrics alone.
        pub exporter_otlp_metrics_compression: Option<String> = None,
        /// For metrics alone.
        pub exporter_otlp_metrics_timeout: Option<u64> = None,
        /// For metrics alone.
        pub exporter_otlp_metrics_certificate: Option<PathBuf> = None,
        /// For logs alone; used as it is, path included.
        pub exporter_otlp_logs_endpoint: Option<String> = None,
        /// For logs alone.
        pub exporter_otlp_logs_protocol: Option<String> = None,
        /// For logs alone.
        pub exporter_otlp_logs_headers: Option<Secret> = None,
        /// For logs alone.
        pub exporter_otlp_logs_compression: Option<String> = None,
        /// For logs alone.
        pub exporter_otlp_logs_timeout: Option<u64> = None,
        /// For logs alone.
        pub exporter_otlp_logs_certificate: Option<PathBuf> = None,
        /// Time from one export of all metrics to the next, in milliseconds.
        pub metric_export_interval: u64 = 60_000,
        /// Longest time that one export of metrics is tried for, in milliseconds.
        pub metric_export_timeout: u64 = 30_000,
        /// Longest time that a span waits for its batch, in milliseconds.
        pub bsp_schedule_delay: u64 = 5_000,
        /// Longest time that a batch is tried for, in milliseconds.
        pub bsp_export_timeout: u64 = 30_000,
        /// Spans that may wait; more are dropped and counted.
        pub bsp_max_queue_size: usize = 2_048,
        /// Spans in one batch.
        pub bsp_max_export_batch_size: usize = 512,
        /// Longest time that a line waits for its batch, in milliseconds.
        pub blrp_schedule_delay: u64 = 1_000,
        /// Longest time that a batch of lines is tried for, in milliseconds.
        pub blrp_export_timeout: u64 = 30_000,
        /// Lines that may wait; more are dropped and counted. Those on stdout have a queue of their own.
        pub blrp_max_queue_size: usize = 2_048,
        /// Lines in one batch.
        pub blrp_max_export_batch_size: usize = 512,
    }
}

settings! {
    /// Elastic APM: one more back end of traces, over OTLP.
    pub struct ElasticApmConfig {
        /// Whether traces go there.
        pub is_enabled: bool = false,
        /// Its APM server, e.g. `https://apm.example:8200`.
        pub server_url: Option<ConnectionUrl> = None,
        /// Sent as `Authorization: Bearer`.
        pub secret_token: Option<Secret> = None,
        /// Name there; default: as everywhere.
        pub service_name: Option<String> = None,
        /// Ratio of traces that it gets, 0 to 1.
        pub transaction_sample_rate: f64 = 1.0,
    }
}

/// What the variables of one signal say instead of the general ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OtlpOverrides<'c> {
    pub(crate) endpoint: Option<&'c str>,
    pub(crate) protocol: Option<&'c str>,
    pub(crate) headers: Option<&'c Secret>,
    pub(crate) compression: Option<&'c str>,
    pub(crate) timeout: Option<u64>,
    pub(crate) certificate: Option<&'c Path>,
}

impl OtelConfig {
    pub(crate) fn traces_overrides(&self) -> OtlpOverrides<'_> {
        OtlpOverrides {
            endpoint: self.exporter_otlp_traces_endpoint.as_deref(),
            protocol: self.exporter_otlp_traces_protocol.as_deref(),
            headers: self.exporter_otlp_traces_headers.as_ref(),
            compression: self.exporter_otlp_traces_compression.as_deref(),
            timeout: self.exporter_otlp_traces_timeout,
            certificate: self.exporter_otlp_traces_certificate.as_deref(),
        }
    }

    pub(crate) fn metrics_overrides(&self) -> OtlpOverrides<'_> {
        OtlpOverrides {
            endpoint: self.exporter_otlp_metrics_endpoint.as_deref(),
            protocol: self.exporter_otlp_metrics_protocol.as_deref(),
            headers: self.exporter_otlp_metrics_headers.as_ref(),
            compression: self.exporter_otlp_metrics_compression.as_deref(),
            timeout: self.exporter_otlp_metrics_timeout,
            certificate: self.exporter_otlp_metrics_certificate.as_deref(),
        }
    }

    pub(crate) fn logs_overrides(&self) -> OtlpOverrides<'_> {
        OtlpOverrides {
            endpoint: self.exporter_otlp_logs_endpoint.as_deref(),
            protocol: self.exporter_otlp_logs_protocol.as_deref(),
            headers: self.exporter_otlp_logs_headers.as_ref(),
            compression: self.exporter_otlp_logs_compression.as_deref(),
            timeout: self.exporter_otlp_logs_timeout,
            certificate: self.exporter_otlp_logs_certificate.as_deref(),
        }
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// The same, for the eye.
    Pretty,
}

impl Knob for LogFormat {}

/// The sections that this crate reads.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TelemetryConfig {
    /// Who the service is.
    pub service: ServiceConfig,
    /// Log lines.
    pub log: LogConfig,
    /// What is hidden.
    pub redact: RedactConfig,
    /// What is kept of traces.
    pub trace: TraceConfig,
    /// OpenTelemetry.
    pub otel: OtelConfig,
    /// Elastic APM.
    pub elastic_apm: ElasticApmConfig,
    /// Prometheus.
    pub prometheus: PrometheusConfig,
}

impl Knob for TelemetryConfig {
    fn document(docs: &mut Docs, path: &str, _: &'static [&'static str]) {
        docs.below::<ServiceConfig>(path, "service", &[]);
        docs.below::<LogConfig>(path, "log", &[]);
        docs.below::<RedactConfig>(path, "redact", &[]);
        docs.below::<TraceConfig>(path, "trace", &[]);
        docs.below::<OtelConfig>(path, "otel", &[]);
        docs.below::<ElasticApmConfig>(path, "elastic_apm", &[]);
        docs.below::<PrometheusConfig>(path, "prometheus", &[]);
    }
}
