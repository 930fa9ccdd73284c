use std::{
    sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};

use belvedere_core::names::metric;
use metrics::Counter;
use tokio::sync::Notify;

/// Bytes that may wait, whatever the number of records: a full queue of usual spans has half of one.
const MAX_WAITING_BYTES: usize = 16 * 1024 * 1024;

/// Of what is lost elsewhere than here, where there is no room.
const REASONS: [&str; 4] = ["closed", "export_failed", "not_flushed", "rejected"];

/// Records on their way out: encoded when they end, so that a batch is nothing but their bytes in a row.
///
/// Bounded, and pushing never waits: what does not fit is dropped and counted in `telemetry_dropped_total`.
#[derive(Debug)]
pub(crate) struct Queue {
    signal: &'static str,
    limits: Limits,
    full: OnceLock<Counter>,
    state: Mutex<State>,
    /// A batch is full, or nobody may wait any longer.
    due: Notify,
    /// There is no time left to try again later.
    closed: Notify,
    /// Nothing waits, and nothing is being sent.
    settled: Condvar,
}

/// `OTEL_BSP_*`, `OTEL_BLRP_*`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The `reason` of what does not fit.
    pub(crate) full: &'static str,
    pub(crate) waiting: usize,
    pub(crate) batch: usize,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    count: usize,
    /// Records taken, and neither sent nor given up.
    in_flight: usize,
    is_closed: bool,
}

impl Queue {
    /// `signal` as in `telemetry_dropped_total`.
    pub(crate) fn new(signal: &'static str, limits: Limits) -> Self {
        Self {
            signal,
            limits,
            full: OnceLock::new(),
            state: Mutex::default(),
            due: Notify::new(),
            closed: Notify::new(),
            settled: Condvar::new(),
        }
    }

    /// Takes `count` entries, or drops and counts them.
    pub(crate) fn push(&self, entries: &[u8], count: usize) {
        let mut state = self.lock();
        if state.is_closed {
            drop(state);
            return self.count_dropped("closed", count as u64);
        }
        let has_room = state.waiting.len() + entries.len() <= MAX_WAITING_BYTES;
        if !has_room || state.count + count > self.limits.waiting {
            drop(state);
            return self.full().increment(count as u64);
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

    /// Swaps everything that waits for the empty `entries`, and says how many these are. Those are in flight until they are
    /// [settled](Queue::settle).
    pub(crate) fn take(&self, entries: &mut Vec<u8>) -> usize {
        entries.clear();
        let mut state = self.lock();
        std::mem::swap(&mut state.waiting, entries);
        state.in_flight = std::mem::take(&mut state.count);
        state.in_flight
    }

    /// `count` of those taken are sent, or given up.
    pub(crate) fn settle(&self, count: usize) {
        let mut state = self.lock();
        state.in_flight = state.in_flight.saturating_sub(count);
        drop(state);
        self.settled.notify_all();
    }

    /// What waits is sent without waiting for more.
    pub(crate) fn hurry(&self) {
        self.due.notify_one();
    }

    /// Takes nothing more; what waits is sent now.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.due.notify_one();
        self.closed.notify_waiters();
    }

    /// Waits until everything is sent, at most until `deadline`. What is left is counted, and its number told.
    pub(crate) fn wait(&self, deadline: Instant) -> usize {
        let mut state = self.lock();
        while state.left() > 0 {
            let time_left = deadline.saturating_duration_since(Instant::now());
            if time_left.is_zero() {
                break;
            }
            let waited = self.settled.wait_timeout(state, time_left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let left = state.left();
        drop(state);
        if left > 0 {
            self.count_dropped("not_flushed", left as u64);
        }
        left
    }

    /// Resolves when it is closed.
    pub(crate) async fn closed(&self) {
        let notified = self.closed.notified();
        if !self.is_closed() {
            notified.await;
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    pub(crate) fn count_dropped(&self, reason: &'static str, count: u64) {
        self.dropped(reason).increment(count);
    }

    /// Before anything is lost, and after the recorder is there: `increase()` does not see an event that brings its series.
    pub(crate) fn begin_at_zero(&self) {
        let reasons = [self.limits.full].into_iter().chain(REASONS);
        reasons.for_each(|reason| self.count_dropped(reason, 0));
    }

    /// Resolved once: when it counts, it counts for every record.
    fn full(&self) -> &Counter {
        self.full.get_or_init(|| self.dropped(self.limits.full))
    }

    fn dropped(&self, reason: &'static str) -> Counter {
        metrics::counter!(metric::TELEMETRY_DROPPED, "signal" => self.signal, "reason" => reason)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    const fn left(&self) -> usize {
        self.count + self.in_flight
    }
}
