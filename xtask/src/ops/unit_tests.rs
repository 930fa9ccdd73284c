//! The rules' unit tests: each alert is seen to fire and to keep still, on series that exist. `promtool` runs them.

use std::collections::BTreeSet;

use anyhow::Result;
use serde::Deserialize;

use super::Ops;
use super::names::Known;
use super::promql::Query;
use super::rules::{Rules, read_yaml, yaml_files};

#[derive(Debug, Deserialize)]
struct File {
    tests: Vec<Test>,
}

#[derive(Debug, Deserialize)]
struct Test {
    #[serde(default)]
    name: String,
    #[serde(default)]
    input_series: Vec<Input>,
    #[serde(default)]
    alert_rule_test: Vec<Expected>,
}

#[derive(Debug, Deserialize)]
struct Input {
    series: String,
}

#[derive(Debug, Deserialize)]
struct Expected {
    alertname: String,
    #[serde(default)]
    exp_alerts: Vec<serde_norway::Value>,
}

/// What the tests leave out, and what they make up.
pub(super) fn check(ops: &Ops, rules: &Rules, known: &Known) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let (mut firing, mut still) = (BTreeSet::new(), BTreeSet::new());
    for path in yaml_files(&ops.prometheus().join("tests"))? {
        let file: File = read_yaml(&path)?;
        for test in file.tests {
            let at = format!("{}: {}", ops.shown(&path), test.name);
            found.extend(
                test.faults(known)
                    .into_iter()
                    .map(|fault| format!("{at}: {fault}")),
            );
            for expected in test.alert_rule_test {
                let seen = if expected.exp_alerts.is_empty() {
                    &mut still
                } else {
                    &mut firing
                };
                seen.insert(expected.alertname);
            }
        }
    }
    let mut alerts: Vec<_> = rules.alerts().map(|(alert, _)| alert).collect();
    alerts.dedup();
    for alert in alerts {
        if !firing.contains(alert) {
            found.push(format!("{alert}: no test in which it fires"));
        }
        // What always fires has no such moment.
        if !still.contains(alert) && alert != "Watchdog" {
            found.push(format!("{alert}: no test in which it keeps still"));
        }
    }
    Ok(found)
}

impl Test {
    fn faults(&self, known: &Known) -> Vec<String> {
        let queries = self
            .input_series
            .iter()
            .map(|input| Query::parse(&input.series));
        let queries = queries.map(|mut query| {
            // A target has it, and here is where it is told from the metrics' own.
            query
                .selectors
                .iter_mut()
                .for_each(|it| it.labels.retain(|label| label != "job"));
            query
        });
        queries.flat_map(|query| query.faults(known)).collect()
    }
}
