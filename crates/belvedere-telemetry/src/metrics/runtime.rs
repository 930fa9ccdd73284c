//! What the runtime knows of itself, and how late it is.

use std::time::Duration;

use belvedere_core::names::metric;
use tokio::{
    runtime::Handle,
    task::AbortHandle,
    time::{self, Instant},
};

use super::recorder::Recording;

/// Between two looks at how late a timer is.
const EVERY: Duration = Duration::from_secs(1);
/// Microseconds: of what tokio knows in nanoseconds, enough.
const BUSY_DECIMALS: u8 = 6;

/// Watches a runtime until it is dropped.
#[derive(Debug)]
pub(super) struct RuntimeWatch {
    runtime: Handle,
    probe: AbortHandle,
}

impl RuntimeWatch {
    pub(super) fn start(runtime: Handle) -> Self {
        let probe = runtime.spawn(probe()).abort_handle();
        Self { runtime, probe }
    }

    pub(super) fn read(&self, to: &Recording) {
        let metrics = self.runtime.metrics();
        let workers = metrics.num_workers();
        let busy: Duration = (0..workers)
            .map(|worker| metrics.worker_total_busy_duration(worker))
            .sum();
        to.set(metric::TOKIO_WORKERS, workers as f64);
        to.set(metric::TOKIO_ALIVE_TASKS, metrics.num_alive_tasks() as f64);
        to.set(
            metric::TOKIO_QUEUE_DEPTH,
            metrics.global_queue_depth() as f64,
        );
        let micros = busy.as_micros() as u64;
        to.count(metric::TOKIO_WORKERS_BUSY, &[], BUSY_DECIMALS, micros);
    }
}

impl Drop for RuntimeWatch {
    fn drop(&mut self) {
        self.probe.abort();
    }
}

/// A timer that is seen to late is what a request waits for too: all workers are busy, or blocked.
async fn probe() {
    let lag = metrics::histogram!(metric::TOKIO_SCHEDULER_LAG);
    loop {
        let due = Instant::now() + EVERY;
        time::sleep_until(due).await;
        lag.record(due.elapsed().as_secs_f64());
    }
}
