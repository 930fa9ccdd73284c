use std::time::Instant;

use belvedere_core::{About, Redactor, config::ConfigError, settings};
use belvedere_telemetry::Beside;
use tower::layer::util::Identity;

settings! {
    /// Not built in.
    pub struct SentryConfig {}
}

/// Nowhere.
#[derive(Debug)]
pub(crate) struct Errors;

/// Nothing was left behind.
#[derive(Debug)]
pub(crate) struct Flushed {
    pub(crate) errors: bool,
    pub(crate) transactions: bool,
}

pub(crate) type BindHub = Identity;

impl Errors {
    pub(crate) const fn start(
        _: About,
        _: &str,
        _: &str,
        _: &SentryConfig,
        _: &Redactor,
    ) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    pub(crate) const fn bind_hub(&self) -> Option<BindHub> {
        None
    }

    pub(crate) const fn flush(&self, _: Instant) -> Flushed {
        Flushed {
            errors: true,
            transactions: true,
        }
    }
}

pub(crate) fn beside(_: &Errors) -> Beside {
    Beside::default()
}
