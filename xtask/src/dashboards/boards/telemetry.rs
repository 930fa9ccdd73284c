//! Lines and traces, the ways between them, and what was lost of either.

use crate::dashboards::model::{Board, Choice, Look, Panel, Row, Unit, graph, row};

pub(super) fn board() -> Board {
    Board {
        name: "telemetry",
        title: "Logs and traces",
        about: "From a duration to its trace, from a trace to its lines; and what was lost on the way.",
        choices: &[Choice::Instance, Choice::Trace],
        rows: vec![signals(), lines()],
    }
}

fn signals() -> Row {
    row("Signals", [
        graph("Duration", Unit::Seconds, "p95 of all requests. A diamond is a request: click it for its trace.")
            .look(Look::Exemplars)
            .ask("p95", "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{$S}[$W])))"),
        graph("Lines", Unit::PerSecond, "By level.").ask("{{level}}", "sum by (level) (rate(log_events_total{$S}[$W]))"),
        graph("Lost", Unit::PerSecond, "Lines, spans, metrics and failures that went nowhere, by reason.")
            .ask("{{signal}} {{reason}}", "sum by (signal, reason) (rate(telemetry_dropped_total{$S}[$W]))"),
        graph("Metrics with too many series", Unit::PerSecond, "Measurements that ended in `_overflow`.")
            .ask("{{metric}}", "sum by (metric) (rate(metrics_label_overflow_total{$S}[$W]))"),
    ])
}

fn lines() -> Row {
    row(
        "Lines and traces",
        [
            Panel::new(
                Look::Lines,
                "Lines",
                Unit::Count,
                "Of the trace whose id is above, else all. `Trace` in a line leads to its trace.",
            )
            .ask("", "{service_name=\"$service\"} | trace_id=~\"$trace.*\""),
            Panel::new(
                Look::Traces,
                "Traces",
                Unit::Count,
                "The latest. A trace's `Logs for this span` lead back to the lines.",
            )
            .ask("", "$service"),
        ],
    )
}
