use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::task::JoinHandle;

use crate::{context, names::metric};

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
    let guarded = AssertUnwindSafe(work).catch_unwind().map(|outcome| {
        if outcome.is_err() {
            metrics::counter!(metric::PANICS, "where" => "task").increment(1);
        }
        outcome.ok()
    });
    tokio::spawn(context::carry(guarded))
}
