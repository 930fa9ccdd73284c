//! Finished spans on their way out: one queue, fed by our own records and by users' `tracing` spans.

mod export;
mod sampling;
mod sink;

pub(crate) use export::{Pipeline, resource};
pub(crate) use sampling::sampler;
