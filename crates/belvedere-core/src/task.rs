use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::task::JoinHandle;
use tracing::Instrument;

use crate::{
    context,
    names::{event, metric},
};

/// Runs `work` beside the request: its logs carry the request's context, its spans the request's trace, and a panic in
/// it is logged and counted instead of being lost with the handle.
///
/// Resolves to `None` after a panic.
#[expect(clippy::disallowed_methods, reason = "this is the spawn that carries the context")]
pub fn spawn<T, F>(name: &'static str, work: F) -> JoinHandle<Option<T>>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let guarded = AssertUnwindSafe(work).catch_unwind().map(move |outcome| match outcome {
        Ok(value) => Some(value),
        Err(_) => {
            tell_panic(name);
            None
        }
    });
    tokio::spawn(context::carry(guarded.in_current_span()))
}

fn tell_panic(task: &'static str) {
    metrics::counter!(metric::PANICS, "where" => "task").increment(1);
    tracing::error!(task, exc_type = "panic", "{}", event::UNHANDLED_EXCEPTION);
}
