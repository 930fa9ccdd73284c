//! Finished spans on their way out: one batch processor, fed by our own records and by users' `tracing` spans.

mod export;
mod sampling;
mod sink;

pub(crate) use export::{Endpoint, Pipeline, resource};
pub(crate) use sampling::sampler;
