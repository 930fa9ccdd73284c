//! The accept loop: axum's own has no time limit for a request's head, and never ends a graceful stop while a client
//! holds half of one.

mod accept;
mod activity;
mod answer;
mod connection;
mod patience;
mod refusal;
mod served;
mod socket;
mod stall;
mod tls;
mod watched;

pub use accept::{Limits, Server};
pub(crate) use answer::Gone;
pub use connection::Peer;
pub use tls::{Tls, TlsError};
