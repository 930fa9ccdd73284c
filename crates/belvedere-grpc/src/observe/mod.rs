//! gRPC for the [observe layer](belvedere_http::observe): the status is in the trailers, and a call that is dropped is CANCELLED.
//!
//! | outcome | when | status |
//! |---|---|---|
//! | `ok` | trailers with a status that is not the service's failure | theirs |
//! | `error` | trailers with one that is; none at all | theirs; `UNKNOWN` |
//! | `client_abort` | the caller went away, or took its call back | `CANCELLED` |
//! | `timeout` | the deadline is over, the caller's or ours | `DEADLINE_EXCEEDED` |
//! | `panic` | a handler or its stream panicked | `INTERNAL` |
//! | `shutdown` | the process ended before the call did | `UNAVAILABLE` |

mod call;
mod protocol;
mod span;

pub use call::Call;
pub use protocol::Grpc;
pub use span::RpcConventions;
