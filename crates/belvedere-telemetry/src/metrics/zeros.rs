//! Counters that are there before what they count has happened: `rate()` and `increase()` do not see a first event that brings its
//! series with it.

use belvedere_core::names::metric;

/// Where panics are caught.
const PLACES: [&str; 4] = ["handler", "body", "task", "job"];
/// What is lost by any service, whatever is exported. The queues of exporters tell their own reasons.
const LOSSES: [(&str, &str); 5] = [
    ("logs", "queue_full"),
    ("logs", "reader_gone"),
    ("metrics", "metric_of_other_type"),
    ("metrics", "too_many_metrics"),
    ("traces", "request_buffer_full"),
];

pub(super) fn begin() {
    for place in PLACES {
        metrics::counter!(metric::PANICS, "where" => place).increment(0);
    }
    for (signal, reason) in LOSSES {
        let labels = [("signal", signal), ("reason", reason)];
        metrics::counter!(metric::TELEMETRY_DROPPED, &labels).increment(0);
    }
}
