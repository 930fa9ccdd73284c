//! What the service leans on.

use crate::dashboards::model::{Board, Choice, Row, Unit, graph, row};

pub(super) fn board() -> Board {
    Board {
        name: "dependencies",
        title: "Dependencies",
        about: "Database, cache and the services that are called.",
        choices: &[Choice::Instance],
        rows: vec![health(), database(), cache(), upstreams()],
    }
}

fn health() -> Row {
    row(
        "Health",
        [
            graph(
                "Dependencies",
                Unit::Ratio,
                "Share of replicas that reach them.",
            )
            .ask("{{dependency}}", "avg by (dependency) (dependency_up{$S})"),
            graph("Ready", Unit::Ratio, "Share of replicas that can serve.")
                .ask("ready", "avg(service_ready{$S})"),
        ],
    )
}

fn database() -> Row {
    row("Database", [
        graph("Statements", Unit::PerSecond, "By operation and table.").ask(
            "{{db_operation_name}} {{db_collection_name}}",
            "sum by (db_operation_name, db_collection_name) (rate(db_client_operation_duration_seconds_count{$S,db_system_name!=\"redis\"}[$W]))",
        ),
        graph("Duration of statements", Unit::Seconds, "p99.").ask(
            "{{db_operation_name}} {{db_collection_name}}",
            "histogram_quantile(0.99, sum by (db_operation_name, db_collection_name, le) \
             (rate(db_client_operation_duration_seconds_bucket{$S,db_system_name!=\"redis\"}[$W])))",
        ),
        graph("Failed statements", Unit::PerSecond, "By SQLSTATE, or class where there is none. 23505 is a duplicate.")
            .ask("{{db_system_name}} {{error_type}}", "sum by (db_system_name, error_type) (rate(db_client_errors_total{$S}[$W]))"),
        graph("Slow statements", Unit::PerSecond, "Those that the log has as slow_query (DATABASE__SLOW_QUERY_MS).")
            .ask("{{db_operation_name}}", "sum by (db_operation_name) (rate(slow_queries_total{$S}[$W]))"),
        graph("Callers that wait for a connection", Unit::Count, "More than none for long: the pool is too small, or statements too slow.")
            .ask("{{instance}}", "sum by (instance) (db_client_connection_pending_requests{$S})"),
        graph("Wait for a connection", Unit::Seconds, "p99.").ask(
            "{{db_system_name}}",
            "histogram_quantile(0.99, sum by (db_system_name, le) (rate(db_client_connection_wait_time_seconds_bucket{$S}[$W])))",
        ),
        graph("Waited in vain", Unit::PerSecond, "Callers that got no connection in time.")
            .ask("{{db_system_name}}", "sum by (db_system_name) (rate(db_client_connection_timeouts_total{$S}[$W]))"),
    ])
}

fn cache() -> Row {
    row("Cache", [
        graph("Hits", Unit::Ratio, "Share of look-ups that were answered by the cache.").ask(
            "{{cache}}",
            "sum by (cache) (rate(cache_requests_total{$S,result=\"hit\"}[$W])) / sum by (cache) (rate(cache_requests_total{$S}[$W]))",
        ),
        graph("Look-ups", Unit::PerSecond, "error: the cache was not there, and the source was asked.")
            .ask("{{cache}} {{result}}", "sum by (cache, result) (rate(cache_requests_total{$S}[$W]))"),
    ])
}

fn upstreams() -> Row {
    row("Calls to others", [
        graph("Calls", Unit::RequestsPerSecond, "By status; no_answer and cancelled are ours to tell.")
            .ask("{{upstream}} {{status}}", "sum by (upstream, status) (rate(http_client_request_duration_seconds_count{$S}[$W]))"),
        graph("Failed calls", Unit::Ratio, "5xx and no answer.").ask(
            "{{upstream}}",
            "sum by (upstream) (rate(http_client_request_duration_seconds_count{$S,status=~\"5..|no_answer\"}[$W])) \
             / sum by (upstream) (rate(http_client_request_duration_seconds_count{$S}[$W]))",
        ),
        graph("Duration of calls", Unit::Seconds, "p99.").ask(
            "{{upstream}}",
            "histogram_quantile(0.99, sum by (upstream, le) (rate(http_client_request_duration_seconds_bucket{$S}[$W])))",
        ),
        graph("Repeated calls", Unit::PerSecond, "Tries after the first; a tenth of all calls at most.")
            .ask("{{upstream}}", "sum by (upstream) (rate(http_client_retries_total{$S}[$W]))")
            .ask("{{upstream}} by gRPC", "sum by (upstream) (rate(rpc_client_retries_total{$S}[$W]))"),
        graph("gRPC calls", Unit::RequestsPerSecond, "Calls of others by gRPC, by status.").ask(
            "{{upstream}} {{status_code}}",
            "sum by (upstream, status_code) (rate(rpc_client_call_duration_seconds_count{$S}[$W]))",
        ),
        graph("Duration of gRPC calls", Unit::Seconds, "p99.").ask(
            "{{upstream}}",
            "histogram_quantile(0.99, sum by (upstream, le) (rate(rpc_client_call_duration_seconds_bucket{$S}[$W])))",
        ),
    ])
}
