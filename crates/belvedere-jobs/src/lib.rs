#![doc = include_str!("../README.md")]

mod dialect;
mod enqueue;
mod handler;
mod job;
mod jobs;
mod metadata;
mod queue;
mod retry;
mod schedule;
mod worker;

pub use dialect::Dialect;
pub use enqueue::{Enqueue, Enqueued, enqueue};
pub use handler::Handler;
pub use job::{Delivery, Job};
pub use jobs::{Jobs, JobsError, Options, Role, Running, Surroundings};
