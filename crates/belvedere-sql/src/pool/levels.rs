use std::time::Instant;

use belvedere_core::names::metric;
use metrics::{Counter, Gauge, Histogram};

/// The metrics of one pool (OpenTelemetry semantic conventions, database client metrics).
#[derive(Debug)]
pub(crate) struct Levels {
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
        begin_at_zero(system);
        let count = |state| metrics::gauge!(metric::DB_CONNECTION_COUNT, "db_system_name" => system, "state" => state);
        Self {
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

    /// Writes the gauges for a pool of `size` connections. One that is cleared up behind its user is not idle yet.
    pub(crate) fn tell(&self, size: u32, idle: u32) {
        self.all.set(size);
        self.used.set(size.saturating_sub(idle));
        self.idle.set(idle.min(size));
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

/// Errors that no database names, and operations that most services run: a first event would otherwise bring its series with it,
/// and no rate would see it.
fn begin_at_zero(system: &'static str) {
    for class in ["cancelled", "io", "pool_timeout", "timeout"] {
        metrics::counter!(metric::DB_ERRORS, "db_system_name" => system, "error_type" => class)
            .increment(0);
    }
    for operation in ["SELECT", "INSERT", "UPDATE", "DELETE"] {
        metrics::counter!(
            metric::SLOW_QUERIES,
            "db_system_name" => system,
            "db_operation_name" => operation,
        )
        .increment(0);
    }
}
