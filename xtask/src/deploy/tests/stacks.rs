//! The stack on one machine.

use super::*;

#[test]
fn a_stack_that_is_open_unpinned_or_has_a_known_password_is_named() {
    Copy::new().refuses(
        stack::FILE,
        &[
            ("services:\n", "version: \"3\"\nservices:\n", "`version`"),
            (
                "grafana/grafana:12.2.1",
                "grafana/grafana:latest",
                "grafana: the image",
            ),
            (
                "prom/prometheus:v3.5.0",
                "prom/prometheus",
                "prometheus: the image",
            ),
            (
                "\"127.0.0.1:3000:3000\"",
                "\"3000:3000\"",
                "grafana: the port 3000:3000",
            ),
            (
                "\"127.0.0.1:4318:4318\"",
                "\"127.0.0.1:4319:4318\"",
                "no port 4318",
            ),
            (
                "${GRAFANA_PASSWORD:?run make stack}",
                "admin",
                "GF_SECURITY_ADMIN_PASSWORD",
            ),
            (
                "${POSTGRES_PASSWORD:?run make stack}@",
                "hunter2@",
                "DATABASE_URL",
            ),
            (
                "${REDIS_PASSWORD:?run make stack}",
                "${REDIS_PASSWORD:-redis}",
                "has to be required",
            ),
            (
                "./loki/config.yaml:",
                "./loki/loki.yaml:",
                "ops/loki/loki.yaml",
            ),
            ("\n  jaeger:\n", "\n  tempo:\n", "no service `jaeger`"),
            (
                "\n  postgres:\n",
                "\n  database:\n",
                "service: there is no service `postgres`",
            ),
            (
                "\n  redis:\n",
                "\n  cache:\n",
                "service: there is no service `redis`",
            ),
        ],
    );
}

#[test]
fn a_wire_that_leads_nowhere_is_named() {
    let copy = Copy::new();
    copy.refuses(
        "ops/otel-collector/config.yaml",
        &[
            (
                "exporters: [otlp/jaeger]",
                "exporters: [otlp/tempo]",
                "otlp/tempo",
            ),
            (
                "endpoint: jaeger:4317",
                "endpoint: tempo:4317",
                "tempo:4317",
            ),
            ("0.0.0.0:4318", "localhost:4318", "http has to listen"),
        ],
    );
    copy.refuses(
        "ops/grafana/provisioning/datasources/datasources.yaml",
        &[
            (
                "datasourceUid: jaeger",
                "datasourceUid: tempo",
                "an exemplar to its trace",
            ),
            (
                "datasourceUid: loki",
                "datasourceUid: logs",
                "a trace to its lines",
            ),
            (
                "matcherRegex: trace_id",
                "matcherRegex: trace",
                "a line to its trace",
            ),
            (
                "http://loki:3100",
                "http://localhost:3100",
                "localhost:3100",
            ),
        ],
    );
}

#[test]
fn passwords_that_are_missing_or_known_are_told() {
    let copy = Copy::new();
    let check = |files: &Files| passwords::check(files).unwrap().join("\n");
    assert_eq!(check(&copy.files), "");
    let fewer = copy.with(
        "Makefile",
        "POSTGRES REDIS GRAFANA",
        "POSTGRES REDIS",
        check,
    );
    assert!(fewer.contains("asks for GRAFANA_PASSWORD"), "{fewer}");
    let open = copy.with("Makefile", "umask 077", "umask 022", check);
    assert!(open.contains("others can read it: 644"), "{open}");
    let known = copy.with(
        "Makefile",
        "od -An -N16 -tx1 /dev/urandom | tr -d ' \\n'",
        "echo admin",
        check,
    );
    assert!(known.contains("GRAFANA_PASSWORD can be guessed"), "{known}");
}

#[test]
fn a_prometheus_of_the_stack_that_sees_nothing_is_told() {
    let copy = Copy::new();
    let fault = copy.with(
        "ops/prometheus/prometheus.yml",
        "scrape_interval: 15s",
        "scrape_interval: 60s",
        prometheus_faults,
    );
    assert!(fault.contains("not every 15s"), "{fault}");
    let broken = copy.with(
        "ops/prometheus/rules/service.yml",
        "expr: avg",
        "expr: avg avg",
        prometheus_faults,
    );
    assert!(broken.contains("service.yml"), "{broken}");
}

fn prometheus_faults(files: &Files) -> String {
    match prometheus::check(files) {
        Ok(found) => found.join("\n"),
        Err(error) => format!("{error:#}"),
    }
}
