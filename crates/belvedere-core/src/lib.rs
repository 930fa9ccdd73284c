#![doc = include_str!("../README.md")]

mod about;
pub mod active_users;
mod clock;
pub mod config;
pub mod context;
pub mod control;
mod failure;
pub mod health;
mod hex;
mod json;
pub mod metrics;
pub mod names;
pub mod panics;
mod peer;
pub mod propagation;
mod rate;
mod redact;
mod secret;
mod shutdown;
mod slo;
pub mod task;
pub mod trace;

pub use about::About;
pub use clock::Clock;
pub use context::{Identity, NewRequest, RequestContext};
pub use control::Control;
pub use failure::{AsFailure, Cause, Failure};
pub use health::{CheckFailure, Health, HealthCheck};
pub use json::is_plain_json;
pub use peer::TrustedPeers;
pub use rate::{Quota, RateKey, RateStore, Rated, Taken};
pub use redact::{REDACTED, Redactor, redact_text};
pub use secret::{ConnectionUrl, Secret};
pub use shutdown::Shutdown;
pub use slo::{Slo, SloConfig};
pub use task::{JoinSet, Supervised, spawn, spawn_blocking};

/// A boxed future, as object-safe traits return it.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A time as log lines tell it: in milliseconds, to the microsecond.
pub fn millis(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Tells something that needs a person now: the level above `error`.
///
/// ```
/// belvedere_core::critical!(dependency = "database", "database_connection_failed");
/// ```
#[macro_export]
macro_rules! critical {
    ($($arguments:tt)+) => {
        $crate::__tracing::error!(critical = true, $($arguments)+)
    };
}

#[doc(hidden)]
pub use tracing as __tracing;

/// What the attribute macros expand to.
#[doc(hidden)]
pub mod __private {
    pub use crate::trace::{Field, FieldValue, Work};

    pub mod ends {
        pub use crate::trace::{AnyEnd, Ended, FutureEnd, InnerFutureEnd, ResultEnd};
    }
}
