use std::time::Duration;

use tokio::{
    select,
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::{guarded::guarded, spawn};
use crate::{
    Shutdown, millis,
    names::{event, metric},
};

/// How long a task that has ended waits until it is started again.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// After the first end; doubled with each further one. Default: 100 ms, which is no busy loop, and nobody notices.
    pub first: Duration,
    /// At most. Default: 30 s, so that what is mended runs again within half a minute.
    pub longest: Duration,
    /// Who has run for so long has worked: the next end counts as the first. Default: a minute.
    pub healthy_after: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(30),
            healthy_after: Duration::from_secs(60),
        }
    }
}

impl Backoff {
    /// Doubled, and of that a random half to the whole: replicas that failed together do not come back together.
    pub(super) fn delay(&self, ends: u32) -> Duration {
        let factor = 1_u32.checked_shl(ends).unwrap_or(u32::MAX);
        let whole = self.first.saturating_mul(factor).min(self.longest);
        whole.mul_f64(fastrand::f64().mul_add(0.5, 0.5))
    }
}

/// A task that is to run for as long as the process: whenever it returns or panics, it is started again.
///
/// Each start anew is a line `task_restarted`, and counts in `task_restarts_total`. It ends with the [`Shutdown`]: once no new
/// work may begin nothing is started again, and what has not returned by the abort is dropped.
///
/// ```
/// use belvedere_core::{Shutdown, Supervised};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let shutdown = Shutdown::default();
/// let watched = shutdown.clone();
/// let reaper = Supervised::new("reaper", shutdown.clone()).start(move || {
///     let shutdown = watched.clone();
///     async move { shutdown.stopping().await }
/// });
/// shutdown.stop();
/// assert!(reaper.await.is_ok());
/// # });
/// ```
#[derive(Debug)]
#[must_use = "nothing runs before `start`"]
pub struct Supervised {
    name: &'static str,
    shutdown: Shutdown,
    backoff: Backoff,
}

impl Supervised {
    /// `name` is the label of its restarts.
    pub fn new(name: &'static str, shutdown: Shutdown) -> Self {
        Self {
            name,
            shutdown,
            backoff: Backoff::default(),
        }
    }

    /// How long it waits before it starts again.
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Starts what `make` makes, again and again. Resolves at the end of the process; abort the handle to end it before.
    pub fn start<M, W>(self, make: M) -> JoinHandle<Option<()>>
    where
        M: FnMut() -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        spawn(self.run(make))
    }

    async fn run<M, W>(self, mut make: M)
    where
        M: FnMut() -> W,
        W: Future<Output = ()>,
    {
        let mut ends = 0;
        while !self.shutdown.is_stopping() {
            let began = Instant::now();
            let Some(has_panicked) = self.once(make()).await else {
                return;
            };
            if began.elapsed() >= self.backoff.healthy_after {
                ends = 0;
            }
            if !self.wait(ends, has_panicked).await {
                return;
            }
            ends = ends.saturating_add(1);
        }
    }

    /// Whether it panicked; `None` when the process has ended first.
    async fn once(&self, work: impl Future<Output = ()>) -> Option<bool> {
        select! {
            outcome = guarded(work) => Some(outcome.is_none()),
            () = self.shutdown.aborting() => None,
        }
    }

    /// Whether it is to be started again.
    async fn wait(&self, ends: u32, has_panicked: bool) -> bool {
        if self.shutdown.is_stopping() {
            return false;
        }
        let delay = self.backoff.delay(ends);
        metrics::counter!(metric::TASK_RESTARTS, "task" => self.name).increment(1);
        tracing::warn!(
            message = event::TASK_RESTARTED,
            task = self.name,
            ended_by = if has_panicked { "panic" } else { "return" },
            in_ms = millis(delay)
        );
        select! {
            () = sleep(delay) => true,
            () = self.shutdown.stopping() => false,
        }
    }
}
