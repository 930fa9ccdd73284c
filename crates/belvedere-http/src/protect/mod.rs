//! What keeps one request from harming the others, and its answer from being misused.
//!
//! Two layers, both inside of [`observe`](crate::observe), which counts and tells what they cut short:
//!
//! - [`SecurityHeadersLayer`] is around everything that answers, so that no answer is without them: refusals, panics and
//!   answers to CORS preflights included.
//! - [`ProtectLayer`] is around the handlers. What comes in has to pass the [`limits`](crate::limits) of heads, bodies and of
//!   requests at once; panics are caught, handlers have a time limit, and what goes out is compressed for those who want it.
//!
//! Between the two there is room for [`cors`].

mod compress;
mod cors;
mod future;
mod layer;
mod security;

pub(crate) use cors::check as check_cors;
pub use cors::cors;
pub use future::ResponseFuture;
pub use layer::{Protect, ProtectLayer};
pub use security::{SecurityHeaders, SecurityHeadersLayer};
pub use tower_http::cors::CorsLayer;

/// Why a response is not the handler's own. Rides in the response's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The handler panicked.
    Panic,
    /// The handler took too long.
    Timeout,
    /// Refused because there was too much to do already.
    Shed,
}
