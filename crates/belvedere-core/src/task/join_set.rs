use tokio::task::{AbortHandle, JoinError};

use super::guarded::{guard, guarded};
use crate::context;

/// Tasks that somebody waits for: tokio's set of them, each in the context of whoever spawned it. Dropping it aborts them.
///
/// ```
/// # tokio::runtime::Builder::new_multi_thread().build().unwrap().block_on(async {
/// let mut prices = belvedere_core::JoinSet::new();
/// for product in ["espresso", "geisha"] {
///     prices.spawn(async move { product.len() });
/// }
/// let mut sum = 0;
/// while let Some(price) = prices.join_next().await {
///     sum += price.unwrap_or_default();
/// }
/// assert_eq!(sum, 14);
/// # });
/// ```
#[derive(Debug)]
pub struct JoinSet<T>(tokio::task::JoinSet<Option<T>>);

/// There is no result of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TaskFailed {
    /// It panicked, which is counted and told.
    #[error("the task panicked")]
    Panicked,
    /// It was aborted.
    #[error("the task was aborted")]
    Aborted,
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self(tokio::task::JoinSet::new())
    }
}

impl<T: Send + 'static> JoinSet<T> {
    /// Without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `work` at the same time.
    pub fn spawn(&mut self, work: impl Future<Output = T> + Send + 'static) -> AbortHandle {
        self.0.spawn(context::carry_along(guarded(work)))
    }

    /// Runs what blocks on a thread that is made for it.
    pub fn spawn_blocking(&mut self, work: impl FnOnce() -> T + Send + 'static) -> AbortHandle {
        let carried = context::carry_along_blocking(|| guard(work));
        self.0.spawn_blocking(carried)
    }

    /// The next that ends; `None` when there are no more.
    pub async fn join_next(&mut self) -> Option<Result<T, TaskFailed>> {
        self.0.join_next().await.map(result)
    }

    /// How many have not been joined.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether all have been.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Ends all of them where they next wait. What blocks goes on.
    pub fn abort_all(&mut self) {
        self.0.abort_all();
    }
}

fn result<T>(joined: Result<Option<T>, JoinError>) -> Result<T, TaskFailed> {
    let output = joined.map_err(|_| TaskFailed::Aborted)?;
    output.ok_or(TaskFailed::Panicked)
}
