#![doc = include_str!("../README.md")]

mod cap;
mod config;
mod errors;
mod event;
mod layer;
mod request;
mod said;
mod scrub;
mod transactions;
mod transport;

pub use config::SentryConfig;
pub use errors::{Errors, Flushed};
pub use layer::FailureLayer;
pub use request::BindHub;
