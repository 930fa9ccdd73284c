//! What an operator may change while the service runs. Telemetry obeys, the admin listener takes the orders.

use std::{fmt, net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;

use crate::{AsFailure, Failure};

/// The logger of all targets that no other one is named for.
pub const DEFAULT_LOGGER: &str = "default";

/// The least severe level that a target is logged at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What failed.
    Error,
    /// What worked, but not as it should.
    Warn,
    /// What happened.
    Info,
    /// How it happened.
    Debug,
    /// Every step of it.
    Trace,
}

impl LogLevel {
    /// As it is configured.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Off => Self::OFF,
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// Who orders a change, and for how long.
#[derive(Debug, Clone, Copy, Default)]
pub struct Order {
    /// The operator's address, for the log.
    pub peer: Option<SocketAddr>,
    /// After which the change undoes itself; `None`: it stands until the process ends.
    pub ttl: Option<Duration>,
}

/// What is known of a logger: a target, with all that is below it and has no logger of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logger {
    /// A path such as `shop::orders`, or [`DEFAULT_LOGGER`].
    pub target: String,
    /// In force.
    pub level: LogLevel,
    /// In force when nobody orders anything.
    pub configured: LogLevel,
    /// What was ordered; a target that prints raw headers is held above it.
    pub ordered: Option<LogLevel>,
    /// What is left of the order's time.
    pub ttl: Option<Duration>,
}

/// What is known of head sampling.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// In force.
    pub ratio: f64,
    /// In force when nobody orders anything.
    pub configured: f64,
    /// What is left of the order's time.
    pub ttl: Option<Duration>,
    /// Whether the decision of a trusted caller stands above the ratio.
    pub follows_parent: bool,
    /// Whether spans go anywhere at all.
    pub is_exporting: bool,
}

/// An order that cannot be obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// So many loggers have been ordered already.
    #[error("{0} loggers have a level by order")]
    TooManyLoggers(usize),
    /// There is nothing to sample for.
    #[error("no trace is exported")]
    TracesOff,
}

impl AsFailure for ControlError {
    fn as_failure(&self) -> Failure {
        match self {
            Self::TooManyLoggers(count) => Failure::new(422, "too_many_loggers").detail(format!(
                "{count} loggers have a level by order already: DELETE one of them first"
            )),
            Self::TracesOff => Failure::new(409, "traces_off").detail(
                "no trace is exported, so that a ratio would change nothing: set OTEL_EXPORTER_OTLP_ENDPOINT, and start anew",
            ),
        }
    }
}

/// Changes what is logged and sampled, at once and for the whole process. Every change leaves a line in the log, and so does
/// its end.
pub trait Control: fmt::Debug + Send + Sync + 'static {
    /// The default, and every target that is configured or ordered.
    fn loggers(&self) -> Vec<Logger>;

    /// One of them, or what a target of that name would have.
    fn logger(&self, target: &str) -> Logger;

    /// Orders a level. An order without a time limit replaces all that stood for this target; one with a limit lies above
    /// it, and gives it back.
    ///
    /// # Errors
    ///
    /// Too many loggers have a level by order.
    fn set_level(
        &self,
        target: &str,
        level: LogLevel,
        order: Order,
    ) -> Result<Logger, ControlError>;

    /// Takes every order for this target back.
    fn reset_level(&self, target: &str, order: Order) -> Logger;

    /// How much is sampled.
    fn sampling(&self) -> Sampling;

    /// Orders a ratio, 0 to 1, for requests that begin from now on.
    ///
    /// # Errors
    ///
    /// No trace is exported.
    fn set_ratio(&self, ratio: f64, order: Order) -> Result<Sampling, ControlError>;
}
