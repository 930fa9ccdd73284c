use std::time::Duration;

use belvedere_core::{AsFailure, Failure};

use super::tls::TrustError;

/// A call that got no answer, or an upstream that cannot be called. Names no URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// Nobody said where it is.
    #[error("upstream {name}: no URL is set")]
    NoUrl {
        /// The upstream.
        name: &'static str,
    },
    /// The file of certificates to trust is none.
    #[error("upstream {name}: the certificates to trust cannot be used")]
    Trust {
        /// The upstream.
        name: &'static str,
        /// Why.
        #[source]
        source: TrustError,
    },
    /// The client could not be made.
    #[error("upstream {name}: no client")]
    Client {
        /// The upstream.
        name: &'static str,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The call leads elsewhere, or cannot be written: a mistake of ours, and nothing was sent.
    #[error("upstream {name}: a call has no valid {part}")]
    Malformed {
        /// The upstream.
        name: &'static str,
        /// `path`, `body` or `idempotency key`.
        part: &'static str,
    },
    /// Too many calls have failed: nothing was sent.
    #[error("upstream {name} is not called: its circuit is open")]
    CircuitOpen {
        /// The upstream.
        name: &'static str,
        /// When it is tried again.
        retry_after: Duration,
    },
    /// No connection, in time or at all: nothing was sent.
    #[error("upstream {name} cannot be connected to")]
    NoConnection {
        /// The upstream.
        name: &'static str,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The connection broke before the answer had ended.
    #[error("upstream {name} broke off")]
    BrokeOff {
        /// The upstream.
        name: &'static str,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// No answer within the upstream's own time limit.
    #[error("upstream {name} did not answer in time")]
    TimedOut {
        /// The upstream.
        name: &'static str,
    },
    /// The time of the request that calls is over.
    #[error("upstream {name} has no time left to answer in")]
    DeadlineOver {
        /// The upstream.
        name: &'static str,
    },
    /// The answer is larger than it may be.
    #[error("upstream {name} answered with more than {limit} bytes")]
    BodyTooLarge {
        /// The upstream.
        name: &'static str,
        /// What it may have.
        limit: usize,
    },
    /// The answer is not what was expected. The parser's own words would repeat it.
    #[error(
        "upstream {name} answered with other JSON than expected, at line {line}, column {column}"
    )]
    NotJson {
        /// The upstream.
        name: &'static str,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
}

impl UpstreamError {
    /// Whether it is a setting that is wrong.
    pub const fn is_setting(&self) -> bool {
        matches!(self, Self::NoUrl { .. } | Self::Trust { .. })
    }

    /// The label value that stands for a status, and `error.type` of a span.
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Self::CircuitOpen { .. } => "circuit_open",
            Self::NoConnection { .. } => "no_connection",
            Self::BrokeOff { .. } => "broke_off",
            Self::TimedOut { .. } => "timeout",
            Self::DeadlineOver { .. } => "deadline_over",
            Self::BodyTooLarge { .. } => "body_too_large",
            _ => "not_called",
        }
    }

    /// Whether another try may end better.
    pub(super) const fn is_of_the_connection(&self) -> bool {
        matches!(self, Self::NoConnection { .. } | Self::BrokeOff { .. })
    }
}

/// 503 `upstream_unavailable`; what is no fault of the upstream is 500.
impl AsFailure for UpstreamError {
    fn as_failure(&self) -> Failure {
        match self {
            Self::CircuitOpen { retry_after, .. } => {
                Failure::new(503, "upstream_unavailable").retry_after(*retry_after)
            }
            Self::NoConnection { .. }
            | Self::BrokeOff { .. }
            | Self::TimedOut { .. }
            | Self::DeadlineOver { .. } => Failure::new(503, "upstream_unavailable"),
            _ => Failure::new(500, "internal_server_error"),
        }
    }
}
