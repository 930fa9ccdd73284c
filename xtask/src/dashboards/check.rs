//! What can be said of a dashboard without data.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::file::{Dashboard, Panel, read_all};
use super::json::PREFIX;
use super::node;
use crate::checkout::Checkout;
use crate::ops::names::Known;
use crate::ops::promql;
use crate::run::command;

/// Where data may come from: a variable, or what is provisioned.
const SOURCES: [(&str, &str); 3] = [
    ("prometheus", "${datasource}"),
    ("loki", "loki"),
    ("jaeger", "jaeger"),
];

pub(super) fn run(checkout: &Checkout, folder: &Path) -> Result<Vec<String>> {
    let known = known(checkout)?;
    let dashboards = read_all(folder)?;
    let mut found = Vec::new();
    for dashboard in &dashboards {
        found.extend(dashboard_faults(dashboard, &known));
    }
    found.extend(left_out(&dashboards, &known));
    found.extend(unparsed(&dashboards)?);
    Ok(found)
}

fn known(checkout: &Checkout) -> Result<Known> {
    let known = crate::ops::known(checkout)?;
    let nodes = node::METRICS.iter();
    Ok(nodes.fold(known, |known, (name, labels)| known.with(name, labels)))
}

fn dashboard_faults(dashboard: &Dashboard, known: &Known) -> Vec<String> {
    let mut found = Vec::new();
    let name = dashboard.file.trim_end_matches(".json");
    if dashboard.uid != format!("{PREFIX}{name}") {
        found.push(format!(
            "{}: its uid has to be {PREFIX}{name}: alerts link to it",
            dashboard.file
        ));
    }
    let ids: BTreeSet<_> = dashboard.panels.iter().map(|panel| panel.id).collect();
    if ids.len() < dashboard.panels.len() {
        found.push(format!("{}: two panels have one id", dashboard.file));
    }
    for (at, panel) in dashboard.panels.iter().enumerate() {
        let faults = panel_faults(panel, known).into_iter();
        found.extend(faults.map(|fault| dashboard.fault(panel, &fault)));
        let mut others = dashboard.panels[..at].iter();
        if let Some(other) = others.find(|other| overlaps(panel.place, other.place)) {
            found.push(dashboard.fault(panel, &format!("lies over {}", other.title)));
        }
    }
    found
}

fn panel_faults(panel: &Panel, known: &Known) -> Vec<String> {
    let mut found = Vec::new();
    for (what, text) in [
        ("title", &panel.title),
        ("description", &panel.about),
        ("unit", &panel.unit),
    ] {
        if text.is_empty() {
            found.push(format!("no {what}"));
        }
    }
    let source = (panel.source.0.as_str(), panel.source.1.as_str());
    if !SOURCES.contains(&source) {
        found.push(format!(
            "its data is from {source:?}, which nobody provisions"
        ));
    }
    if panel.queries.is_empty() {
        found.push("it asks nothing".to_owned());
    }
    if panel.asks_prometheus() {
        let queries = panel
            .queries
            .iter()
            .map(|query| promql::Query::parse(&query.filled("5m", "1h")));
        found.extend(queries.flat_map(|query| query.faults(known)));
    }
    found
}

fn overlaps([x, y, w, h]: [u64; 4], [a, b, c, d]: [u64; 4]) -> bool {
    x < a + c && a < x + w && y < b + d && b < y + h
}

/// Metrics that no panel shows.
fn left_out(dashboards: &[Dashboard], known: &Known) -> Vec<String> {
    let queries = dashboards.iter().flat_map(Dashboard::questions);
    let queries = queries.map(|(_, query)| promql::Query::parse(&query.filled("5m", "1h")));
    let shown: BTreeSet<String> = queries
        .flat_map(|query| query.selectors)
        .map(|it| it.name)
        .collect();
    let is_shown = |metric: &str| {
        ["", "_bucket", "_sum", "_count"]
            .iter()
            .any(|part| shown.contains(&format!("{metric}{part}")))
    };
    let missing = known.metrics().filter(|metric| !is_shown(metric));
    missing
        .map(|metric| format!("{metric} is on no panel"))
        .collect()
}

/// Prometheus's own parser: each question as a rule that bears the panel's name.
fn unparsed(dashboards: &[Dashboard]) -> Result<Vec<String>> {
    let mut rules = String::from("groups:\n");
    for dashboard in dashboards {
        let name = dashboard.file.trim_end_matches(".json");
        let _ = writeln!(rules, "- name: {name}.json\n  rules:");
        for (at, (panel, query)) in dashboard.questions().enumerate() {
            let title: String = panel
                .title
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                .collect();
            let expression = serde_json::to_string(&query.filled("5m", "1h"))?;
            let _ = writeln!(
                rules,
                "  - record: {name}:{title}:{at}\n    expr: {expression}"
            );
        }
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("panels.yml");
    fs::write(&path, rules)?;
    let mut promtool = Command::new("promtool");
    let output = command::run(promtool.args(["check", "rules"]).arg(&path))?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let printed = command::Printed::from(output).all();
    let faults = printed
        .lines()
        .filter(|line| line.contains("could not parse"));
    let faults: Vec<_> = faults.map(|line| line.trim().to_owned()).collect();
    Ok(if faults.is_empty() {
        vec![printed]
    } else {
        faults
    })
}
