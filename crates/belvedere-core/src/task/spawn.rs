use tokio::task::JoinHandle;

use super::guarded::guarded;
use crate::context;

/// Runs `work` beside the request: its logs carry the request's context, its spans the request's trace, and a panic in
/// it is counted (and told by the panic hook) instead of being lost with the handle.
///
/// Resolves to `None` after a panic.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the spawn that carries the context"
)]
pub fn spawn<T, F>(work: F) -> JoinHandle<Option<T>>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    tokio::spawn(context::carry(guarded(work)))
}
