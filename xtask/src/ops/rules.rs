//! The rule files: what each alert has to say, and what it may ask for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Ops;
use super::names::{Known, OF_THE_TARGET};
use super::promql::Query;

/// What an alert's links begin with: set in `prometheus.yml` alone.
const RUNBOOK_BASE: &str = "{{ $externalLabels.runbook_base }}/";
const DASHBOARD_BASE: &str = "{{ $externalLabels.dashboard_base }}/";
/// The dashboards' uids.
const DASHBOARDS: [&str; 7] = [
    "belvedere-business",
    "belvedere-dependencies",
    "belvedere-jobs",
    "belvedere-resources",
    "belvedere-service",
    "belvedere-slo",
    "belvedere-telemetry",
];

#[derive(Debug, Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// An alert, or a recorded series.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Rule {
    alert: Option<String>,
    record: Option<String>,
    expr: String,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Every rule, with the file it stands in.
#[derive(Debug)]
pub(super) struct Rules(Vec<(PathBuf, Rule)>);

impl Rules {
    pub(super) fn read(ops: &Ops) -> Result<Self> {
        let mut rules = Vec::new();
        for path in yaml_files(&ops.prometheus().join("rules"))? {
            let file: File = read_yaml(&path)?;
            let all = file.groups.into_iter().flat_map(|group| group.rules);
            rules.extend(all.map(|rule| (path.clone(), rule)));
        }
        Ok(Self(rules))
    }

    /// Each alert by its name; one that has several rules comes several times.
    pub(super) fn alerts(&self) -> impl Iterator<Item = (&str, &Rule)> {
        let rules = self.0.iter().map(|(_, rule)| rule);
        rules.filter_map(|rule| Some((rule.alert.as_deref()?, rule)))
    }

    pub(super) fn recorded(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(_, rule)| rule.record.as_deref())
    }
}

/// What is wrong with the rules, file and rule named.
pub(super) fn check(ops: &Ops, rules: &Rules, known: &Known) -> Vec<String> {
    let mut found = Vec::new();
    for (path, rule) in &rules.0 {
        let at = format!("{}: {}", ops.shown(path), rule.name());
        found.extend(
            rule.faults(ops, known)
                .into_iter()
                .map(|fault| format!("{at}: {fault}")),
        );
    }
    found
}

impl Rule {
    fn name(&self) -> &str {
        let name = self.alert.as_deref().or(self.record.as_deref());
        name.unwrap_or_default()
    }

    fn faults(&self, ops: &Ops, known: &Known) -> Vec<String> {
        let query = Query::parse(&self.expr);
        let mut found = query.faults(known);
        if let Some(alert) = &self.alert {
            found.extend(self.label_fault("severity", &["critical", "warning", "info"]));
            found.extend(self.label_fault("kind", &["symptom", "cause", "watchdog"]));
            found.extend(self.annotation_faults(ops, alert));
            found.extend(self.template_faults(&query, known));
        }
        found
    }

    fn label_fault(&self, label: &str, allowed: &[&str]) -> Option<String> {
        let value = self.labels.get(label).map_or("", String::as_str);
        let allowed_ones = allowed.join(", ");
        (!allowed.contains(&value)).then(|| format!("`{label}` has to be one of {allowed_ones}"))
    }

    fn annotation_faults(&self, ops: &Ops, alert: &str) -> Vec<String> {
        let mut found = Vec::new();
        if self.told("summary").is_empty() {
            found.push("no `summary`".to_owned());
        }
        if !self.told("description").contains("$value") {
            found.push("no `description` with the value".to_owned());
        }
        if self.told("runbook_url") != format!("{RUNBOOK_BASE}{alert}.md") {
            found.push(format!("`runbook_url` has to be {RUNBOOK_BASE}{alert}.md"));
        }
        if !ops.runbooks().join(format!("{alert}.md")).is_file() {
            found.push(format!("no runbook runbooks/{alert}.md"));
        }
        found.extend(self.dashboard_fault());
        found
    }

    fn dashboard_fault(&self) -> Option<String> {
        let url = self.told("dashboard_url");
        let uid = url.strip_prefix(DASHBOARD_BASE).unwrap_or_default();
        let uid = uid.split('?').next().unwrap_or_default();
        (!DASHBOARDS.contains(&uid))
            .then(|| format!("`dashboard_url` has to be {DASHBOARD_BASE}<uid of a dashboard>"))
    }

    fn told(&self, annotation: &str) -> &str {
        self.annotations.get(annotation).map_or("", String::as_str)
    }

    /// A label that the alert does not have is told as nothing at all.
    fn template_faults(&self, query: &Query, known: &Known) -> Vec<String> {
        let text: String = self.annotations.values().map(String::as_str).collect();
        let used = text.split("$labels.").skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            rest[..end.unwrap_or(rest.len())].to_owned()
        });
        let unknown = used.filter(|label| {
            let is_there = self.labels.contains_key(label)
                || OF_THE_TARGET.contains(&label.as_str())
                || query.has_label(known, label);
            !is_there
        });
        unknown
            .map(|label| format!("there is no label `{label}` to tell of"))
            .collect()
    }
}

pub(super) fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("no folder {}", folder.display()))?;
    let mut found: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    found.sort();
    Ok(found)
}

pub(super) fn read_yaml<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path)?;
    serde_norway::from_str(&text).with_context(|| format!("{} cannot be read", path.display()))
}
