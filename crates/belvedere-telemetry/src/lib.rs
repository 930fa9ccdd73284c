#![doc = include_str!("../README.md")]

mod beside;
mod checked;
mod config;
mod configured;
mod control;
mod filter;
mod levels;
mod log;
mod metrics;
mod otlp;
mod panic;
mod resource;
mod telemetry;
mod traces;

pub use beside::{Beside, BesideLayer};
pub use config::{
    ElasticApmConfig, LogConfig, LogFormat, OtelConfig, PrometheusConfig, RedactConfig,
    ServiceConfig, TelemetryConfig, TraceConfig,
};
pub use log::{LogLayer, LogSink, StaticFields};
pub use metrics::{Metrics, Scrape};
pub use telemetry::{Telemetry, TelemetryError};
