//! `/metrics` after a drive.

mod table;

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::checks::Checks;
use super::drive::Drive;
use crate::check::metrics::{Sample, Scrape};

/// `method`, `path`, `status` and how often, after the requests of a drive.
const REQUESTS: [(&str, &str, &str, f64); 9] = [
    ("POST", "/v1/users", "201", 1.0),
    ("POST", "/v1/orders", "201", 1.0),
    ("GET", "/v1/orders/{id}", "200", 2.0),
    ("GET", "unmatched", "404", 1.0),
    ("POST", "/v1/orders", "422", 1.0),
    ("POST", "/v1/orders", "400", 1.0),
    ("DELETE", "/v1/users", "405", 1.0),
    ("POST", "/v1/orders", "413", 1.0),
    ("POST", "/v1/orders", "415", 1.0),
];
/// The finite bounds of `http_request_duration_seconds`.
const BOUNDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

pub(crate) fn run(checks: &Checks, drive: &Drive<'_>) {
    let scrape = &drive.scrape;
    checks.run(
        "http_requests_total has exact labels and route templates",
        || requests(scrape),
    );
    checks.run(
        "durations are histograms with the contract's buckets",
        || durations(scrape),
    );
    checks.run("docs/METRICS.md and /metrics have the same metrics", || {
        table::run(scrape)
    });
    checks.run("the database and the process are measured", || {
        rest(scrape, drive.preset.system())
    });
}

fn requests(scrape: &Scrape) -> Result<()> {
    for (method, path, status, count) in REQUESTS {
        let labels = [("method", method), ("path", path), ("status", status)];
        scrape.expect("http_requests_total", &labels, count)?;
    }
    let counted = scrape.named("http_requests_total");
    let counted = counted.filter(|sample| !is_probe(sample));
    let total: f64 = counted.map(|sample| sample.value).sum();
    let expected: f64 = REQUESTS.iter().map(|(_, _, _, count)| count).sum();
    ensure!(
        total == expected,
        "http_requests_total counts {total} requests, {expected} were sent"
    );
    Ok(())
}

/// Probes are counted too; how many were needed until the service was ready is not known here.
fn is_probe(sample: &Sample) -> bool {
    let path = sample.labels.get("path").map_or("", String::as_str);
    path.starts_with("/health/") || ["/livez", "/readyz", "/startupz"].contains(&path)
}

fn durations(scrape: &Scrape) -> Result<()> {
    let name = "http_request_duration_seconds";
    let labels = [("method", "POST"), ("path", "/v1/orders")];
    scrape.expect(&format!("{name}_count"), &labels, 5.0)?;
    let buckets = format!("{name}_bucket");
    let found: BTreeSet<String> = scrape
        .named(&buckets)
        .filter_map(|sample| sample.labels.get("le").cloned())
        .collect();
    let expected = BOUNDS
        .iter()
        .map(ToString::to_string)
        .chain(["+Inf".to_owned()]);
    let expected: BTreeSet<String> = expected.collect();
    ensure!(
        found == expected,
        "{name} has the buckets {found:?}, not {expected:?}"
    );
    scrape.expect("http_requests_active", &labels, 0.0)
}

fn rest(scrape: &Scrape, system: &str) -> Result<()> {
    let mut statements = scrape.named("db_client_operation_duration_seconds_count");
    let by_system = |labels: &std::collections::BTreeMap<String, String>| {
        labels
            .get("db_system_name")
            .is_some_and(|name| name == system)
            && labels.contains_key("db_operation_name")
            && labels.contains_key("db_collection_name")
    };
    ensure!(
        statements.any(|sample| by_system(&sample.labels)),
        "no db_client_operation_duration_seconds of {system}"
    );
    ensure!(
        scrape
            .named("slow_queries_total")
            .any(|sample| sample.value > 0.0),
        "no slow_queries_total"
    );
    scrape.value("active_database_connections", &[])?;
    scrape.expect("dependency_up", &[("dependency", "database")], 1.0)?;
    scrape.expect("service_ready", &[], 1.0)?;
    scrape.value("log_events_total", &[("level", "info")])?;
    ensure!(
        scrape.named("build_info").any(|sample| sample.value == 1.0),
        "no build_info"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn counted() -> String {
        REQUESTS
            .iter()
            .fold(String::new(), |mut text, (method, path, status, count)| {
                let labels = format!("method=\"{method}\",path=\"{path}\",status=\"{status}\"");
                let _ = writeln!(text, "http_requests_total{{{labels}}} {count}");
                text
            })
    }

    #[test]
    fn a_request_too_many_or_with_a_raw_path_is_told() {
        requests(&Scrape::read(&counted()).unwrap()).unwrap();
        let line = |path: &str| {
            format!("http_requests_total{{method=\"GET\",path=\"{path}\",status=\"200\"}} 1\n")
        };
        let probed = counted() + &line("/health/live");
        requests(&Scrape::read(&probed).unwrap()).unwrap();
        let more = counted() + &line("/metrics");
        assert!(requests(&Scrape::read(&more).unwrap()).is_err());
        let raw = counted().replace("{id}", "7");
        assert!(requests(&Scrape::read(&raw).unwrap()).is_err());
    }

    #[test]
    fn missing_buckets_are_told() {
        let text = "http_request_duration_seconds_count{method=\"POST\",path=\"/v1/orders\"} 5\n";
        let fault = durations(&Scrape::read(text).unwrap())
            .unwrap_err()
            .to_string();
        assert!(fault.contains("buckets"), "{fault}");
    }
}
