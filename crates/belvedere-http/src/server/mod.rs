//! The accept loop: axum's own has no time limit for a request's head, and never ends a graceful stop while a client
//! holds half of one.

mod accept;
mod connection;

pub use accept::{Limits, Server};
pub use connection::Peer;
