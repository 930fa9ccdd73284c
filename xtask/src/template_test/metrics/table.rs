//! The table of docs/METRICS.md against a live `/metrics`, both ways.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};

use crate::check::metrics::{Sample, Scrape};

const PAGE: &str = include_str!("../../../../docs/METRICS.md");
/// There only once something has happened that a drive does not cause, or where the kernel lets itself be asked.
const SELDOM: [&str; 25] = [
    "auth_failures_total",
    "cache_requests_total",
    "db_client_connection_timeouts_total",
    "db_client_errors_total",
    "grpc_active_connections",
    "grpc_active_requests",
    "grpc_response_time_seconds",
    "http_client_request_duration_seconds",
    "http_client_retries_total",
    "http_connections_rejected_total",
    "job_duration_seconds",
    "job_last_success_timestamp_seconds",
    "job_queue_depth",
    "job_queue_oldest_seconds",
    "jobs_total",
    "metrics_label_overflow_total",
    "panics_total",
    "payments_failed_total",
    "process_io_bytes_total",
    "rate_limit_evictions_total",
    "rpc_client_call_duration_seconds",
    "rpc_client_retries_total",
    "task_restarts_total",
    "telemetry_dropped_total",
    "tls_cert_not_after_seconds",
];

/// A metric of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    kind: String,
    labels: BTreeSet<String>,
}

type Table = BTreeMap<String, Row>;

pub(super) fn run(scrape: &Scrape) -> Result<()> {
    same(&read(PAGE)?, scrape)
}

fn same(table: &Table, scrape: &Scrape) -> Result<()> {
    for (name, kind) in scrape.kinds() {
        let row = table
            .get(name)
            .with_context(|| format!("{name} is not in docs/METRICS.md"))?;
        ensure!(
            row.kind == *kind,
            "{name} is a {kind}, docs/METRICS.md says {}",
            row.kind
        );
        for sample in samples_of(scrape, name) {
            let labels = labels_of(sample);
            ensure!(
                labels == row.labels,
                "{name} has the labels {labels:?}, docs/METRICS.md says {:?}",
                row.labels
            );
        }
    }
    let mut rows = table.keys();
    let missing = rows.find(|name| !scrape.kinds().contains_key(*name) && !is_seldom(name));
    ensure!(
        missing.is_none(),
        "docs/METRICS.md has {missing:?}, which /metrics has not"
    );
    Ok(())
}

fn is_seldom(name: &str) -> bool {
    SELDOM.contains(&name)
}

fn samples_of<'s>(scrape: &'s Scrape, name: &'s str) -> impl Iterator<Item = &'s Sample> {
    let is_its = move |sample: &&Sample| {
        let rest = sample.name.strip_prefix(name);
        rest.is_some_and(|rest| ["", "_bucket", "_sum", "_count"].contains(&rest))
    };
    scrape.samples().filter(is_its)
}

fn labels_of(sample: &Sample) -> BTreeSet<String> {
    let keys = sample.labels.keys().filter(|key| *key != "le");
    keys.cloned().collect()
}

/// The rows of the first table: names, type and labels between backticks.
fn read(page: &str) -> Result<Table> {
    let rows = page.lines().skip_while(|line| !line.starts_with("|---"));
    let rows = rows.skip(1).take_while(|line| line.starts_with('|'));
    let mut table = Table::new();
    for line in rows {
        let cells: Vec<_> = line.trim_matches('|').split('|').collect();
        let [names, kind, labels] = cells[..] else {
            anyhow::bail!("docs/METRICS.md: `{line}` has not three cells");
        };
        let kind = kind.trim().split([',', ' ']).next().unwrap_or_default();
        let row = Row {
            kind: kind.to_owned(),
            labels: quoted(&without_values(labels)).collect(),
        };
        table.extend(quoted(names).map(|name| (name, row.clone())));
    }
    ensure!(!table.is_empty(), "docs/METRICS.md has no table");
    Ok(table)
}

/// What stands in parentheses are values.
fn without_values(text: &str) -> String {
    let parts = text.split('(').enumerate();
    let outside = parts.filter_map(|(at, part)| match at {
        0 => Some(part),
        _ => part.split_once(')').map(|(_, after)| after),
    });
    outside.collect()
}

fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# TYPE a_total counter\na_total{x=\"1\",y=\"2\"} 1\n# TYPE b gauge\nb 2\n# TYPE c gauge\nc 1\n";

    fn table(rows: &str) -> Table {
        read(&format!(
            "Text.\n\n| metric |\n|---|---|---|\n{rows}\nMore.\n"
        ))
        .unwrap()
    }

    fn fault(rows: &str) -> String {
        let scrape = Scrape::read(TEXT).unwrap();
        same(&table(rows), &scrape).unwrap_err().to_string()
    }

    #[test]
    fn what_the_table_and_the_scrape_agree_on_is_no_fault() {
        let rows = "| `a_total` | counter | `x` (`p`, `q`), `y` |\n| `b`, `c` | gauge 0/1 | |\n| `panics_total` | counter | `where` |";
        same(&table(rows), &Scrape::read(TEXT).unwrap()).unwrap();
    }

    #[test]
    fn what_differs_is_told_in_both_directions() {
        let b = "| `b`, `c` | gauge | |";
        assert!(fault(b).contains("a_total is not in docs"));
        assert!(fault(&format!("| `a_total` | gauge | `x`, `y` |\n{b}")).contains("a counter"));
        assert!(fault(&format!("| `a_total` | counter | `x` |\n{b}")).contains("labels"));
        let more = format!("| `a_total`, `d_total` | counter | `x`, `y` |\n{b}");
        assert!(fault(&more).contains("d_total"));
    }

    #[test]
    fn the_page_has_its_table() {
        let table = read(PAGE).unwrap();
        let row = &table["http_requests_total"];
        let labels: Vec<_> = row.labels.iter().collect();
        assert_eq!(
            (&*row.kind, &labels[..]),
            (
                "counter",
                &[
                    &"method".to_owned(),
                    &"path".to_owned(),
                    &"status".to_owned()
                ][..]
            )
        );
        let kinds = ["counter", "gauge", "histogram"];
        assert!(table.values().all(|row| kinds.contains(&&*row.kind)));
        assert!(SELDOM.iter().all(|name| table.contains_key(*name)));
    }
}
