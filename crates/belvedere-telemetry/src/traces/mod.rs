//! Finished spans on their way out: our own records and users' `tracing` spans, fanned out to every back end that wants them.

mod back_end;
mod decode;
pub(crate) mod elastic;
mod export;
mod reading;
mod sampling;
mod sink;

pub(crate) use back_end::BackEnd;
pub(crate) use export::{Pipeline, Route};
pub(crate) use sampling::sampler;
