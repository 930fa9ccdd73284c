//! What the `metrics` facade has no word for: money, and exemplars. Other recorders than ours take the calls too, and
//! show cents.

use std::cell::Cell;

use ::metrics::{Counter, Histogram, IntoLabels, Key, Level, Metadata};
use opentelemetry::TraceId;

/// How a recorder tells money from other counters.
const MONEY: Metadata<'static> = Metadata::new("belvedere::money", Level::INFO, None);

thread_local! {
    static EXEMPLAR: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// A counter of hundredths that is shown in whole units, and exact: counted in integers, divided when it is rendered. The
/// unit stands in its name, as always.
///
/// ```
/// use belvedere_core::metrics::money;
///
/// let labels = [("tenant_id", "acme"), ("product", "widget")];
/// money("revenue_total_usd", &labels).increment(1999); // 19.99
/// ```
pub fn money(name: &'static str, labels: impl IntoLabels) -> Counter {
    let key = Key::from_parts(name, labels);
    ::metrics::with_recorder(|recorder| recorder.register_counter(&key, &MONEY))
}

/// Whether a counter is registered by [`money`]: for recorders.
pub fn is_money(metadata: &Metadata<'_>) -> bool {
    metadata.target() == MONEY.target()
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
