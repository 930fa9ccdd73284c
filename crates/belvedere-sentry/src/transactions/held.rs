use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use belvedere_core::trace::FinishedSpan;
use opentelemetry::TraceId;

use super::request::{Request, Trace};

/// What all traces together may take.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// After its end a request waits so long for what it left running: a task that sends a mail, say.
const LINGER: Duration = Duration::from_millis(500);
/// Without a sign for so long, a trace has lost its root. A stream that runs for longer keeps what it did last.
const PATIENCE: Duration = Duration::from_secs(300);
/// The same when there is no more room.
const PATIENCE_WHEN_FULL: Duration = Duration::from_secs(5);

/// Spans whose requests have not ended.
#[derive(Debug, Default)]
pub(super) struct Held {
    traces: HashMap<TraceId, Trace>,
    bytes: usize,
}

impl Held {
    /// False: there is no room. Roots always have some: they are what makes it again.
    pub(super) fn take(&mut self, span: FinishedSpan, now: Instant) -> bool {
        if self.is_full() && !span.is_local_root() {
            return false;
        }
        let trace = self.traces.entry(span.trace_id);
        self.bytes += trace.or_insert_with(|| Trace::new(now)).take(span, now);
        true
    }

    /// Requests that have ended a while ago.
    pub(super) fn ended(&mut self, now: Instant) -> Vec<Request> {
        let linger = if self.is_full() {
            Duration::ZERO
        } else {
            LINGER
        };
        self.finish(|trace| {
            let ended = trace.ended;
            ended.is_some_and(|ended| now.duration_since(ended) >= linger)
        })
    }

    /// Forgets spans that wait for nothing, and says how many.
    pub(super) fn give_up(&mut self, now: Instant) -> u64 {
        let patience = if self.is_full() {
            PATIENCE_WHEN_FULL
        } else {
            PATIENCE
        };
        let is_over =
            |trace: &Trace| trace.ended.is_none() && now.duration_since(trace.touched) >= patience;
        let over = self.traces.extract_if(|_, trace| is_over(trace));
        let (bytes, orphans) = over.fold((0, 0), |(bytes, orphans), (_, trace)| {
            (bytes + trace.bytes(), orphans + trace.orphans())
        });
        self.bytes -= bytes;
        orphans
    }

    /// What has ended, and how many spans belong to nothing that has.
    pub(super) fn close(&mut self) -> (Vec<Request>, u64) {
        let ended = self.finish(|trace| trace.ended.is_some());
        let orphans = self.traces.drain().map(|(_, trace)| trace.orphans()).sum();
        self.bytes = 0;
        (ended, orphans)
    }

    fn finish(&mut self, is_due: impl Fn(&Trace) -> bool) -> Vec<Request> {
        let mut finished = Vec::new();
        for trace in self.traces.values_mut().filter(|trace| is_due(trace)) {
            let before = trace.bytes();
            finished.extend(trace.finish());
            self.bytes -= before - trace.bytes();
        }
        if !finished.is_empty() {
            self.traces.retain(|_, trace| !trace.is_empty());
        }
        finished
    }

    const fn is_full(&self) -> bool {
        self.bytes >= MOST_BYTES
    }
}

#[cfg(test)]
mod tests;
