//! Calls to other services.

mod body;
mod channel;
mod sent;
mod series;

pub use channel::Channel;
