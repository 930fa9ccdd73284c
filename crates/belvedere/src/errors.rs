//! Where failures are told besides the log.

#[cfg(feature = "sentry")]
mod on;
#[cfg(feature = "sentry")]
pub use on::*;

#[cfg(not(feature = "sentry"))]
mod off;
#[cfg(not(feature = "sentry"))]
pub use off::*;
