use std::cell::Cell;

use ::metrics::Histogram;
use opentelemetry::TraceId;

thread_local! {
    static EXEMPLAR: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// Leaves a trace beside a value that was recorded before. To be called for kept traces only: the others then pay nothing.
///
/// It reaches the recorder as `record_many(value, 0)`, which records nothing anywhere else.
pub fn exemplify(histogram: &Histogram, value: f64, trace_id: TraceId) {
    EXEMPLAR.set(Some(trace_id));
    histogram.record_many(value, 0);
    EXEMPLAR.set(None);
}

/// The trace that [`exemplify`] was called with, while it runs: for recorders.
pub fn exemplar() -> Option<TraceId> {
    EXEMPLAR.get()
}
