//! Trace context, the sampling verdict, and finished spans.
//!
//! Spans of our own (server, SQL, client) are plain [`SpanRecord`]s with ids that are known from the start, so that
//! the log of a request names the same ids whether or not anything is exported. A record goes to the [`SpanSink`] when
//! its trace is sampled; otherwise it waits in a small buffer of its request, and goes out only when that request
//! turns out to have failed or to have been slow.

mod capture;
mod captured;
mod child;
mod ended;
mod field;
mod finished;
mod origin;
mod record;
mod sampler;
mod traceparent;
mod tracer;
mod transaction;

pub use capture::{Capture, Failed, Work};
pub use captured::Captured;
pub use child::ChildSpan;
#[doc(hidden)]
pub use ended::{AnyEnd, Ended, FutureEnd, InnerFutureEnd, ResultEnd};
pub use field::{Field, FieldValue, Fields};
pub use finished::{FinishedSpan, SpanReader};
pub use origin::{Origin, install};
pub use record::{Attribute, Kept, Parent, SpanRecord, SpanSink, Status, Value};
pub use sampler::Sampler;
pub use traceparent::TraceParent;
pub use tracer::Tracer;
pub use transaction::Transaction;
