//! What callers were promised, and what is left of it.

use crate::dashboards::model::{Board, Row, Unit, graph, number, row};

pub(super) fn board() -> Board {
    Board {
        name: "slo",
        title: "Objectives",
        about: "The budget of errors: what is left, and how fast it burns. The service says itself what is good (SLO__*).",
        choices: &[],
        rows: vec![budget(), burn()],
    }
}

fn budget() -> Row {
    row("Budget", [
        number("Budget left", Unit::Ratio, "Of 30 days. Below nought the promise is broken.").ask(
            "{{slo}}",
            "1 - sum by (slo) (increase(slo_requests_total{service=\"$service\",outcome=\"bad\"}[30d])) \
             / sum by (slo) (increase(slo_requests_total{service=\"$service\"}[30d])) \
             / (1 - max by (slo) (service_slo:objective{service=\"$service\"}))",
        ),
        number("Objective", Unit::Ratio, "Share of requests that has to be good. Of replicas that differ, the strictest.")
            .ask("{{slo}}", "max by (slo) (slo_objective_ratio{service=\"$service\"})"),
        number("Burns now", Unit::Count, "Times as fast as it may, over an hour. 1: the budget lasts for just 30 days.")
            .ask("{{slo}}", "service_slo:burn_rate:1h{service=\"$service\"}"),
        number("Can burn", Unit::Count, "Times as fast, when nothing is good any more.")
            .ask("{{slo}}", "service_slo:burn_rate_max{service=\"$service\"}"),
    ])
}

fn burn() -> Row {
    row(
        "Burn",
        [
            graph(
                "Short windows",
                Unit::Count,
                "A page at 14.4 over 1 h and 5 m, or at 6 over 6 h and 30 m.",
            )
            .ask(
                "{{slo}} 5m",
                "service_slo:burn_rate:5m{service=\"$service\"}",
            )
            .ask(
                "{{slo}} 30m",
                "service_slo:burn_rate:30m{service=\"$service\"}",
            )
            .ask(
                "{{slo}} 1h",
                "service_slo:burn_rate:1h{service=\"$service\"}",
            ),
            graph(
                "Long windows",
                Unit::Count,
                "A ticket at 3 over 1 d and 2 h, or at 1 over 3 d and 6 h.",
            )
            .ask(
                "{{slo}} 2h",
                "service_slo:burn_rate:2h{service=\"$service\"}",
            )
            .ask(
                "{{slo}} 6h",
                "service_slo:burn_rate:6h{service=\"$service\"}",
            )
            .ask(
                "{{slo}} 1d",
                "service_slo:burn_rate:1d{service=\"$service\"}",
            )
            .ask(
                "{{slo}} 3d",
                "service_slo:burn_rate:3d{service=\"$service\"}",
            ),
            graph(
                "Good and bad",
                Unit::RequestsPerSecond,
                "HTTP and gRPC together, probes left out.",
            )
            .ask(
                "{{slo}} {{outcome}}",
                "sum by (slo, outcome) (rate(slo_requests_total{service=\"$service\"}[$W]))",
            ),
        ],
    )
}
