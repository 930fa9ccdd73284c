//! The names against the tables that tell of them.

use std::collections::BTreeSet;

const NAMES: &str = include_str!("../names.rs");
const LOGGING: &str = include_str!("../../../../docs/LOGGING.md");
const METRICS: &str = include_str!("../../../../docs/METRICS.md");

/// The constants of a module of names.
fn constants(module: &str) -> impl Iterator<Item = &'static str> {
    let begin = format!("pub mod {module} {{");
    let lines = NAMES.lines().skip_while(move |line| *line != begin);
    let lines = lines.take_while(|line| *line != "}");
    lines.filter_map(|line| line.split_once("&str = \"")?.1.strip_suffix("\";"))
}

/// What stands between backticks in the first cells of the table with this head.
fn told(page: &'static str, head: &str) -> BTreeSet<&'static str> {
    let rows = page.lines().skip_while(|line| !line.starts_with(head));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect()
}

fn missing(module: &str, page: &'static str, head: &str) -> Vec<&'static str> {
    let told = told(page, head);
    let names: Vec<_> = constants(module).collect();
    assert!(names.len() > 20, "no names in {module}: {names:?}");
    let is_missing = |name: &&str| !told.contains(name);
    names.into_iter().filter(is_missing).collect()
}

#[test]
fn every_event_to_rely_on_is_in_the_table_of_the_log() {
    assert_eq!(missing("event", LOGGING, "| message |"), [""; 0]);
}

#[test]
fn every_metric_is_in_the_table_of_the_metrics() {
    assert_eq!(missing("metric", METRICS, "| metric |"), [""; 0]);
}
