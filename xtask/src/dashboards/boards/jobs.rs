//! Work outside of requests. The metrics' own label `job` is the target's in Prometheus, so theirs is `exported_job`.

use crate::dashboards::model::{Board, Choice, Row, Unit, graph, row};

pub(super) fn board() -> Board {
    Board {
        name: "jobs",
        title: "Jobs",
        about: "Work outside of requests: what runs, what fails, what waits.",
        choices: &[Choice::Instance],
        rows: vec![runs(), queues()],
    }
}

fn runs() -> Row {
    row("Runs", [
        graph("Runs", Unit::PerSecond, "By job and outcome.")
            .ask("{{exported_job}} {{outcome}}", "sum by (exported_job, outcome) (rate(jobs_total{$S}[$W]))"),
        graph("Failed runs", Unit::Ratio, "Of each job.").ask(
            "{{exported_job}}",
            "sum by (exported_job) (rate(jobs_total{$S,outcome!=\"ok\"}[$W])) / sum by (exported_job) (rate(jobs_total{$S}[$W]))",
        ),
        graph("Duration", Unit::Seconds, "p99 of one run.").ask(
            "{{exported_job}}",
            "histogram_quantile(0.99, sum by (exported_job, le) (rate(job_duration_seconds_bucket{$S}[$W])))",
        ),
        graph("Since the last success", Unit::Seconds, "What runs every night is late after a day.")
            .ask("{{exported_job}}", "time() - max by (exported_job) (job_last_success_timestamp_seconds{$S})"),
    ])
}

/// All replicas tell of the same queues: the sum would count each job as often as there are replicas.
fn queues() -> Row {
    row(
        "Queues",
        [
            graph("Waiting", Unit::Count, "By queue and state.").ask(
                "{{queue}} {{state}}",
                "max by (queue, state) (job_queue_depth{$S})",
            ),
            graph(
                "Oldest",
                Unit::Seconds,
                "How long the oldest job waits: the measure of a backlog.",
            )
            .ask("{{queue}}", "max by (queue) (job_queue_oldest_seconds{$S})"),
        ],
    )
}
