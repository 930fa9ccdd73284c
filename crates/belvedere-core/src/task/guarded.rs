use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt;

use crate::names::metric;

/// `None` after a panic, which is counted.
pub(super) fn guarded<F: Future>(work: F) -> impl Future<Output = Option<F::Output>> {
    AssertUnwindSafe(work).catch_unwind().map(counted)
}

/// The same for what blocks.
pub(super) fn guard<T>(work: impl FnOnce() -> T) -> Option<T> {
    counted(catch_unwind(AssertUnwindSafe(work)))
}

fn counted<T, E>(outcome: Result<T, E>) -> Option<T> {
    if outcome.is_err() {
        metrics::counter!(metric::PANICS, "where" => "task").increment(1);
    }
    outcome.ok()
}
