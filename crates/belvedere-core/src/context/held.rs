use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{
    names::metric,
    trace::{Kept, SpanRecord, TraceParent, Tracer},
};

/// Spans that one unsampled request may hold back until its fate is known; more are dropped and counted.
pub(super) const MAX_HELD_SPANS: usize = 32;

/// The spans of a trace that somebody wants only if it ends badly.
#[derive(Debug, Default)]
pub(super) struct HeldSpans(Mutex<Fate>);

#[derive(Debug)]
enum Fate {
    Undecided(Spans),
    Kept,
    Dropped,
}

/// As their sink wrote them.
#[derive(Debug, Default)]
struct Spans {
    encoded: Vec<u8>,
    count: usize,
}

impl Default for Fate {
    fn default() -> Self {
        Self::Undecided(Spans::default())
    }
}

impl HeldSpans {
    /// Takes a finished span of the trace `own`: held back, exported, or dropped.
    pub(super) fn take(&self, span: &SpanRecord<'_>, own: &TraceParent, tracer: &Tracer) {
        match &mut *self.lock() {
            Fate::Undecided(held) if held.count < MAX_HELD_SPANS => {
                tracer.encode(span, &mut held.encoded);
                held.count += 1;
            }
            Fate::Undecided(_) => count_dropped(),
            Fate::Kept => tracer.export(span, at_end(own)),
            Fate::Dropped => {}
        }
    }

    /// Decides, and lets out what was held back.
    pub(super) fn decide(&self, keep: bool, own: &TraceParent, tracer: &Tracer) {
        let fate = if keep { Fate::Kept } else { Fate::Dropped };
        let before = std::mem::replace(&mut *self.lock(), fate);
        if let Fate::Undecided(held) = before
            && keep
            && held.count > 0
        {
            tracer.export_encoded(own.trace_id, at_end(own), &held.encoded, held.count);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Fate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn at_end(own: &TraceParent) -> Kept {
    Kept::AtEnd {
        is_sampled: own.sampled,
    }
}

fn count_dropped() {
    let labels = [("signal", "traces"), ("reason", "request_buffer_full")];
    metrics::counter!(metric::TELEMETRY_DROPPED, &labels).increment(1);
}
