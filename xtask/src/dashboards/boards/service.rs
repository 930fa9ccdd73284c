//! Rate, errors, duration: where one looks first.

use crate::dashboards::model::{Board, Choice, Look, Panel, Row, Unit, graph, number, row};

pub(super) fn board() -> Board {
    Board {
        name: "service",
        title: "Service",
        about: "Rate, errors and duration of what callers ask for, by route.",
        choices: &[Choice::Instance, Choice::Route],
        rows: vec![now(), requests(), refused(), grpc(), replicas()],
    }
}

fn now() -> Row {
    row("Now", [
        number("Ready replicas", Unit::Count, "Replicas that say they can serve.").ask("ready", "sum(service_ready{$S})"),
        number("Requests", Unit::RequestsPerSecond, "All requests, probes too.")
            .ask("requests", "sum(rate(http_requests_total{$S}[$W]))"),
        number("Errors", Unit::Ratio, "Share of requests that were answered with 5xx.").ask(
            "5xx",
            "(sum(rate(http_requests_total{$S,status=~\"5..\"}[$W])) or vector(0)) / sum(rate(http_requests_total{$S}[$W]))",
        ),
        number("p99", Unit::Seconds, "99 of 100 requests took no longer.").ask(
            "p99",
            "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{$S}[$W])))",
        ),
        number("Active", Unit::Count, "Requests that are being answered.").ask("active", "sum(http_requests_active{$S})"),
        number("Panics", Unit::Count, "Caught within the last hour. Each is a bug.")
            .ask("panics", "sum(increase(panics_total{$S}[1h])) or vector(0)"),
    ])
}

fn requests() -> Row {
    row("Requests", [
        graph("Rate by route", Unit::RequestsPerSecond, "Requests by route template.")
            .ask("{{path}}", "sum by (path) (rate(http_requests_total{$S,path=~\"$route\"}[$W]))"),
        graph("Rate by status", Unit::RequestsPerSecond, "499: the caller went away before it had its answer.")
            .ask("{{status}}", "sum by (status) (rate(http_requests_total{$S,path=~\"$route\"}[$W]))"),
        graph("Error ratio by route", Unit::Ratio, "5xx among all answers of a route.").ask(
            "{{path}}",
            "sum by (path) (rate(http_requests_total{$S,path=~\"$route\",status=~\"5..\"}[$W])) \
             / sum by (path) (rate(http_requests_total{$S,path=~\"$route\"}[$W]))",
        ),
        graph("Duration", Unit::Seconds, "To the end of the body. A diamond is a request: click it for its trace.")
            .look(Look::Exemplars)
            .ask("p50", "histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket{$S,path=~\"$route\"}[$W])))")
            .ask("p95", "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{$S,path=~\"$route\"}[$W])))")
            .ask("p99", "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{$S,path=~\"$route\"}[$W])))"),
        graph("p99 by route", Unit::Seconds, "No bucket is above 10 s: what takes longer is told as 10 s.").ask(
            "{{path}}",
            "histogram_quantile(0.99, sum by (path, le) (rate(http_request_duration_seconds_bucket{$S,path=~\"$route\"}[$W])))",
        ),
        graph("Active by route", Unit::Count, "What piles up here is stuck, or waits for something.")
            .ask("{{path}}", "sum by (path) (http_requests_active{$S,path=~\"$route\"})"),
        graph("Size of requests", Unit::Bytes, "p95 of the bodies that came in.").ask(
            "{{path}}",
            "histogram_quantile(0.95, sum by (path, le) (rate(http_request_size_bytes_bucket{$S,path=~\"$route\"}[$W])))",
        ),
        graph("Size of answers", Unit::Bytes, "p95 of the bodies that went out.").ask(
            "{{path}}",
            "histogram_quantile(0.95, sum by (path, le) (rate(http_response_size_bytes_bucket{$S,path=~\"$route\"}[$W])))",
        ),
    ])
}

fn refused() -> Row {
    row(
        "Refused",
        [
            graph(
                "Refused before a request",
                Unit::PerSecond,
                "Connections without a head that could be read, by reason.",
            )
            .ask(
                "{{reason}}",
                "sum by (reason) (rate(http_connections_rejected_total{$S}[$W]))",
            ),
            graph(
                "Callers that are not known",
                Unit::PerSecond,
                "401, by reason; keys_unavailable is our fault (503).",
            )
            .ask(
                "{{reason}}",
                "sum by (reason) (rate(auth_failures_total{$S}[$W]))",
            ),
            graph(
                "Too many callers for a limit",
                Unit::PerSecond,
                "Callers that a rate limit forgot too early: a flood of addresses.",
            )
            .ask(
                "{{limit}}",
                "sum by (limit) (rate(rate_limit_evictions_total{$S}[$W]))",
            ),
            graph("Panics", Unit::PerSecond, "By where they were caught.")
                .ask("{{where}}", "sum by (where) (rate(panics_total{$S}[$W]))"),
        ],
    )
}

fn grpc() -> Row {
    row("gRPC", [
        graph("Rate by method", Unit::RequestsPerSecond, "Calls by service and method.").ask(
            "{{exported_service}}/{{method}}",
            "sum by (exported_service, method) (rate(grpc_response_time_seconds_count{$S}[$W]))",
        ),
        graph("Failed calls by status", Unit::RequestsPerSecond, "All but OK.")
            .ask("{{status_code}}", "sum by (status_code) (rate(grpc_response_time_seconds_count{$S,status_code!=\"OK\"}[$W]))"),
        graph("p99 by method", Unit::Seconds, "To the trailers.").ask(
            "{{exported_service}}/{{method}}",
            "histogram_quantile(0.99, sum by (exported_service, method, le) (rate(grpc_response_time_seconds_bucket{$S}[$W])))",
        ),
        graph("Active calls", Unit::Count, "Streams count for as long as they are open.")
            .ask("{{exported_service}}/{{method}}", "sum by (exported_service, method) (grpc_active_requests{$S})"),
        graph("Connections", Unit::Count, "Open ones.").ask("{{instance}}", "sum by (instance) (grpc_active_connections{$S})"),
    ])
}

fn replicas() -> Row {
    row(
        "Replicas",
        [
            graph(
                "Answer Prometheus",
                Unit::Count,
                "1: was scraped. Nothing: is not looked for.",
            )
            .ask("{{instance}}", "up{$S}"),
            graph(
                "Certificate",
                Unit::Seconds,
                "Time until the listener's certificate ends; only with TLS.",
            )
            .ask("{{instance}}", "tls_cert_not_after_seconds{$S} - time()"),
            Panel::new(
                Look::Table,
                "Versions",
                Unit::Count,
                "What runs, and in how many replicas.",
            )
            .ask("", "count by (version, commit, rustc) (build_info{$S})"),
        ],
    )
}
