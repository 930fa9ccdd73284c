//! Calls to other services.

mod body;
mod call;
mod channel;
mod idempotent;
mod sent;
mod series;

pub use channel::Channel;
