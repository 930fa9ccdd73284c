//! Trace context from service to service: what a caller's headers say, and what a callee is told.
//!
//! [`Incoming`] reads all of them in one pass over a request's headers; [`RequestContext::inject`] writes them. Which ones is
//! [`Propagators`] (`OTEL_PROPAGATORS`).
//!
//! Of a caller that names its trace in several ways, the first of these that is well formed counts, whatever the order of
//! the list: `traceparent`, `elastic-apm-traceparent` (only read; with `tracecontext`), `b3`, `x-b3-*`. A header that is
//! malformed, or there twice, is as if it were not there.
//!
//! ```
//! use belvedere_core::propagation::{Incoming, Propagation};
//!
//! let mut incoming = Incoming::default();
//! incoming.see(b"b3", b"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-d");
//! let propagation = Propagation {
//!     propagators: "tracecontext,b3".parse().unwrap(),
//!     ..Propagation::default()
//! };
//! let is_trusted = || true;
//! let parent = incoming.caller(&propagation, is_trusted).parent().unwrap();
//! assert_eq!(parent.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
//! assert!(parent.sampled);
//! ```
//!
//! [`RequestContext::inject`]: crate::RequestContext::inject

mod b3;
mod baggage;
mod caller;
pub mod header;
mod incoming;
mod outgoing;
mod propagators;
#[cfg(test)]
mod tests;
mod tracestate;

pub use baggage::{Baggage, BaggageKeys};
pub use caller::Caller;
pub(crate) use caller::Carried;
pub use incoming::Incoming;
pub use propagators::{Propagation, Propagator, Propagators, ResponseTrace};
