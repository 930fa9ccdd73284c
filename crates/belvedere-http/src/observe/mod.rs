//! The one layer that sees every request.
//!
//! For each accepted request it makes the ids, decides on sampling, opens the [`RequestContext`], and leaves exactly one
//! completion record: an access-log line, the metrics, and the server span when the trace is kept. The record is made when
//! the response **body** has ended or was dropped, never earlier, so aborts and broken streams are told as what they are.
//!
//! It has to be the outermost layer on the router ([`Router::layer`](axum::Router::layer)), where the matched route is
//! known and everything that may cut a request short is inside.
//!
//! | outcome | when | status label |
//! |---|---|---|
//! | `ok` | the body ended, status below 500 | the response's |
//! | `error` | the body ended, status 500 or above; or the body failed | the response's; `500` |
//! | `client_abort` | the caller went away, be it in the middle of its upload | `499` |
//! | `timeout` | the handler was too slow | `503` |
//! | `panic` | a handler, a body, or a layer that nobody protects panicked | `500` |
//! | `shutdown` | the process ended before the request did | `503` |
//!
//! Other protocols that travel in HTTP tell their requests otherwise: a [`Protocol`] says how, and the layer is the same.
//!
//! [`RequestContext`]: belvedere_core::RequestContext

mod body;
mod completion;
mod hand_back;
mod layer;
mod record;
mod request;
mod series;
mod span;

pub use body::ResponseBody;
pub use completion::Completion;
pub use layer::{Observe, ObserveLayer, ObserveService, ResponseFuture};
pub use record::{Ended, Outcome, Protocol, Record, tell_exception};
pub use request::Http;
pub(crate) use request::{REQUEST_ID, method_label};
