//! Dev-only: run a Belvedere service in a test and look at what it leaves behind.

mod captured;
mod clock;
mod figures;
mod lint;
mod log;
mod otlp;
mod postgres;
mod prometheus;
mod proxy;
mod redis;
mod request;
mod sentry;
mod service;
mod tokens;

pub use captured::{CapturedSpan, CapturedSpans};
pub use clock::ManualClock;
pub use figures::{Quantiles, report};
pub use lint::lint_metrics;
pub use log::CapturedLog;
pub use otlp::{
    OtlpAnswer, OtlpSink, ReceivedLog, ReceivedMetric, ReceivedRequest, ReceivedSpan, RetryAfter,
};
pub use postgres::{PostgresError, ThrowAwayPostgres};
pub use prometheus::{PromSample, Prometheus, value_of};
pub use proxy::TcpProxy;
pub use redis::ThrowAwayRedis;
pub use request::CapturedRequest;
pub use sentry::SentrySink;
pub use service::{Answer, Caller, ServiceError, TestService, TestServiceBuilder};
pub use tokens::{TokenIssuer, TokenKey};
