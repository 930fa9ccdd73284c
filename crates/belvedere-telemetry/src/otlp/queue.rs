use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use belvedere_core::names::metric;
use tokio::sync::Notify;

/// Records on their way out: encoded when they end, so that a batch is nothing but their bytes in a row.
///
/// Bounded, and pushing never waits: what does not fit is dropped and counted in `telemetry_dropped_total`.
#[derive(Debug)]
pub(crate) struct Queue {
    signal: &'static str,
    limits: Limits,
    state: Mutex<State>,
    /// A batch is full, or nobody may wait any longer.
    due: Notify,
    /// Nothing waits, and nothing is being sent.
    settled: Condvar,
}

/// `OTEL_BSP_*`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) waiting: usize,
    pub(crate) batch: usize,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    count: usize,
    is_sending: bool,
    is_closed: bool,
}

impl Queue {
    /// `signal` as in `telemetry_dropped_total`.
    pub(crate) fn new(signal: &'static str, limits: Limits) -> Self {
        Self {
            signal,
            limits,
            state: Mutex::default(),
            due: Notify::new(),
            settled: Condvar::new(),
        }
    }

    /// Takes `count` entries, or drops and counts them.
    pub(crate) fn push(&self, entries: &[u8], count: usize) {
        let mut state = self.lock();
        if state.is_closed || state.count + count > self.limits.waiting {
            let reason = if state.is_closed {
                "closed"
            } else {
                "queue_full"
            };
            drop(state);
            return self.count_dropped(reason, count as u64);
        }
        let before = state.count;
        state.waiting.extend_from_slice(entries);
        state.count += count;
        let is_due = before < self.limits.batch && state.count >= self.limits.batch;
        drop(state);
        if is_due {
            self.due.notify_one();
        }
    }

    /// Resolves when there is reason to send before the time is up.
    pub(crate) async fn due(&self) {
        self.due.notified().await;
    }

    /// Swaps everything that waits for the empty `entries`, and says how many these are. Until it is [`Queue::sent`], the
    /// queue is not settled.
    pub(crate) fn take(&self, entries: &mut Vec<u8>) -> usize {
        entries.clear();
        let mut state = self.lock();
        std::mem::swap(&mut state.waiting, entries);
        state.is_sending = state.count > 0;
        std::mem::take(&mut state.count)
    }

    pub(crate) fn sent(&self) {
        self.lock().is_sending = false;
        self.settled.notify_all();
    }

    /// Takes nothing more, and waits until everything is sent, at most until `deadline`. False: something was left.
    pub(crate) fn close(&self, deadline: Instant) -> bool {
        let mut state = self.lock();
        state.is_closed = true;
        self.due.notify_one();
        while !state.is_settled() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.settled.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    pub(crate) fn count_dropped(&self, reason: &'static str, count: u64) {
        metrics::counter!(metric::TELEMETRY_DROPPED, "signal" => self.signal, "reason" => reason)
            .increment(count);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    const fn is_settled(&self) -> bool {
        self.count == 0 && !self.is_sending
    }
}
