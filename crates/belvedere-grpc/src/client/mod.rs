//! Calls to other services.

mod body;
mod call;
mod channel;
mod idempotent;
mod sent;
mod series;
mod transport;

pub use channel::Channel;
