use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{names::metric, trace::SpanRecord};

/// Spans that one unsampled request may hold back until its fate is known; more are dropped and counted.
pub(super) const MAX_HELD_SPANS: usize = 32;

/// The spans of a trace that was not sampled at its head.
#[derive(Debug, Default)]
pub(super) struct HeldSpans(Mutex<Fate>);

#[derive(Debug)]
enum Fate {
    Undecided(Vec<SpanRecord>),
    Kept,
    Dropped,
}

impl Default for Fate {
    fn default() -> Self {
        Self::Undecided(Vec::new())
    }
}

impl HeldSpans {
    /// Takes a finished span, and gives it back when it may go out at once.
    pub(super) fn take(&self, span: SpanRecord) -> Option<SpanRecord> {
        match &mut *self.lock() {
            Fate::Undecided(spans) if spans.len() < MAX_HELD_SPANS => spans.push(span),
            Fate::Undecided(_) => count_dropped(),
            Fate::Kept => return Some(span),
            Fate::Dropped => {}
        }
        None
    }

    /// Decides, and gives back what may go out now.
    pub(super) fn decide(&self, keep: bool) -> Vec<SpanRecord> {
        let fate = if keep { Fate::Kept } else { Fate::Dropped };
        match std::mem::replace(&mut *self.lock(), fate) {
            Fate::Undecided(spans) if keep => spans,
            _ => Vec::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Fate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count_dropped() {
    let labels = [("signal", "traces"), ("reason", "request_buffer_full")];
    metrics::counter!(metric::TELEMETRY_DROPPED, &labels).increment(1);
}
