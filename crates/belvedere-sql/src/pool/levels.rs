use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Instant,
};

use belvedere_core::names::metric;
use metrics::{Counter, Gauge, Histogram};

/// The metrics of one pool (OpenTelemetry semantic conventions, database client metrics).
#[derive(Debug)]
pub(crate) struct Levels {
    in_use: AtomicU32,
    all: Gauge,
    used: Gauge,
    idle: Gauge,
    pending: Gauge,
    timeouts: Counter,
    wait: Histogram,
}

impl Levels {
    pub(crate) fn new(system: &'static str, max: u32) -> Self {
        metrics::gauge!(metric::DB_CONNECTION_MAX, "db_system_name" => system).set(max);
        let count = |state| metrics::gauge!(metric::DB_CONNECTION_COUNT, "db_system_name" => system, "state" => state);
        Self {
            in_use: AtomicU32::new(0),
            all: metrics::gauge!(metric::ACTIVE_DATABASE_CONNECTIONS),
            used: count("used"),
            idle: count("idle"),
            pending: metrics::gauge!(metric::DB_CONNECTION_PENDING, "db_system_name" => system),
            timeouts: metrics::counter!(metric::DB_CONNECTION_TIMEOUTS, "db_system_name" => system),
            wait: metrics::histogram!(metric::DB_CONNECTION_WAIT_TIME, "db_system_name" => system),
        }
    }

    /// A caller waits until the guard is dropped.
    pub(crate) fn wait(&self) -> Waiting<'_> {
        self.pending.increment(1);
        Waiting(self, Instant::now())
    }

    /// A connection is lent, or comes back.
    pub(crate) fn lend(&self) {
        self.in_use.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn take_back(&self) {
        self.in_use.fetch_sub(1, Ordering::Relaxed);
    }

    /// Writes the gauges for a pool of `size` connections.
    pub(crate) fn tell(&self, size: u32) {
        let in_use = self.in_use.load(Ordering::Relaxed);
        self.all.set(size);
        self.used.set(in_use);
        self.idle.set(size.saturating_sub(in_use));
    }

    pub(crate) fn count_timeout(&self) {
        self.timeouts.increment(1);
    }
}

/// Counts a caller among those that wait, and how long; a cancelled one as well.
#[derive(Debug)]
pub(crate) struct Waiting<'l>(&'l Levels, Instant);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.pending.decrement(1);
        self.0.wait.record(self.1.elapsed().as_secs_f64());
    }
}
