//! Work beside the request: it carries the request's context, its panics are counted, and what has to run for as long as the
//! process is started again when it ends.

mod blocking;
mod guarded;
mod join_set;
mod spawn;
mod supervised;
#[cfg(test)]
mod tests;

pub use blocking::spawn_blocking;
pub use join_set::{JoinSet, TaskFailed};
pub use spawn::spawn;
pub use supervised::{Backoff, Supervised};
