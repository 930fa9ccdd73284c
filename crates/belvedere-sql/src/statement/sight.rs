//! What the watchdog sees: one place for each connection, so that there are never more than these.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use belvedere_core::{RequestContext, names::event};
use sqlx::SqlStr;

use super::{SLOW_QUERY_TEXT, shapes::Known, show};

/// Where a connection's running statement can be seen.
#[derive(Debug, Default)]
pub(crate) struct Sight(Mutex<Option<Seen>>);

/// A statement that runs.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) known: Arc<Known>,
    pub(super) sql: SqlStr,
    pub(super) context: Option<Arc<RequestContext>>,
    /// `None` while the consumer of a stream is busy with a row.
    pub(super) since: Option<Instant>,
    /// It is told when it has run for so long; then for twice as long.
    pub(super) tell_after: Duration,
}

impl Sight {
    pub(super) fn show(&self, seen: Seen) {
        *self.lock() = Some(seen);
    }

    pub(super) fn clear(&self) {
        *self.lock() = None;
    }

    pub(super) fn set_since(&self, since: Option<Instant>) {
        if let Some(seen) = &mut *self.lock() {
            seen.since = since;
        }
    }

    /// Tells of what has run for too long.
    pub(crate) fn look(&self) {
        let told = self.lock().as_mut().and_then(Seen::due);
        if let Some(told) = told {
            told.tell();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy, so that nothing is logged under a lock that statements need.
struct Told {
    known: Arc<Known>,
    sql: SqlStr,
    context: Option<Arc<RequestContext>>,
    runs_for: Duration,
}

impl Seen {
    fn due(&mut self) -> Option<Told> {
        let runs_for = self.since?.elapsed();
        if runs_for < self.tell_after {
            return None;
        }
        self.tell_after = runs_for * 2;
        Some(Told {
            known: Arc::clone(&self.known),
            sql: self.sql.clone(),
            context: self.context.clone(),
            runs_for,
        })
    }
}

impl Told {
    fn tell(self) {
        match self.context.clone() {
            Some(context) => context.enter(|| self.log()),
            None => self.log(),
        }
    }

    fn log(&self) {
        tracing::warn!(
            message = event::SLOW_QUERY_RUNNING,
            duration_ms = belvedere_core::millis(self.runs_for),
            query = show::line(self.sql.as_str(), SLOW_QUERY_TEXT),
            operation = self.known.operation,
            collection = &*self.known.collection
        );
    }
}
