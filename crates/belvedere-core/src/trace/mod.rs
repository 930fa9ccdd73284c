//! Trace context, the sampling verdict, and finished spans.
//!
//! Spans of our own (server, SQL, client) are plain [`SpanRecord`]s with ids that are known from the start, so that
//! the log of a request names the same ids whether or not anything is exported. A record goes to the [`SpanSink`] when
//! its trace is sampled; otherwise it waits in a small buffer of its request, and goes out only when that request
//! turns out to have failed or to have been slow.

mod child;
mod finished;
mod record;
mod sampler;
mod traceparent;
mod tracer;

pub use child::ChildSpan;
pub use finished::{FinishedSpan, SpanReader};
pub use record::{Attribute, Kept, Parent, SpanRecord, SpanSink, Status, Value};
pub use sampler::Sampler;
pub use traceparent::TraceParent;
pub use tracer::Tracer;
