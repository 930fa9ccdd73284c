//! Work outside of requests.

#[cfg(feature = "jobs")]
mod on;
#[cfg(feature = "jobs")]
pub use on::*;

#[cfg(not(feature = "jobs"))]
mod off;
#[cfg(not(feature = "jobs"))]
pub(crate) use off::*;
