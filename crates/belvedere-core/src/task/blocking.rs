use tokio::task::JoinHandle;

use super::guarded::guard;
use crate::context;

/// Runs what blocks its thread (a hash of a password, a file) on one that is made for it, in the request's context: as
/// [`spawn`](super::spawn) does for futures.
///
/// Resolves to `None` after a panic.
pub fn spawn_blocking<T, W>(work: W) -> JoinHandle<Option<T>>
where
    W: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    tokio::task::spawn_blocking(context::carry_blocking(|| guard(work)))
}
