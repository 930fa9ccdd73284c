//! The metrics there are, with their labels: out of `names.rs`, and what is not in it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::domain;
use crate::checkout::Checkout;

/// What Prometheus and Alertmanager make themselves.
const MADE_BY_OTHERS: [(&str, &[&str]); 3] = [
    ("up", &[]),
    ("ALERTS", &["alertname", "alertstate", "severity", "kind"]),
    ("alertmanager_notifications_failed_total", &["integration"]),
];

/// Every series has these, from its target. `job` is one too, but no rule has a use for it: it is there for tests.
pub(super) const OF_THE_TARGET: [&str; 2] = ["service", "instance"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Histogram,
}

/// A label, and all that it can be; nothing where that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

/// Series by name, each with its own labels as Prometheus stores them.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    series: BTreeMap<String, BTreeSet<String>>,
    histograms: BTreeSet<String>,
    /// What a label of a series can be, where that is told.
    values: BTreeMap<(String, String), Vec<String>>,
    /// What services export, each by its own name.
    metrics: BTreeSet<String>,
}

impl Known {
    pub(crate) fn read(checkout: &Checkout) -> Result<Self> {
        let path = checkout.root().join("crates/belvedere-core/src/names.rs");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("could not read {}", path.display()))?;
        let mut known = Self::parse(&text)?;
        let domain = std::fs::read_to_string(checkout.template().join("src/metrics.rs"))?;
        for (name, kind, labels) in domain::declared(&domain) {
            known.add_metric(&name, kind, &labels);
        }
        Ok(known)
    }

    fn parse(names: &str) -> Result<Self> {
        let mut known = Self {
            series: BTreeMap::new(),
            values: BTreeMap::new(),
            histograms: BTreeSet::new(),
            metrics: BTreeSet::new(),
        };
        for (name, labels) in MADE_BY_OTHERS {
            known.add(name, labels.iter().map(|label| (*label).to_owned()));
        }
        for (doc, name) in constants(names) {
            let (kind, labels) = told(&doc).with_context(|| {
                format!("names.rs: {name}: its comment has to begin as `Counter by ..`, `Gauge` or `Histogram`")
            })?;
            known.add_metric(&name, kind, &labels);
        }
        Ok(known)
    }

    /// Recorded series say in their name what they are summed by: `service_slo:burn_rate:1h`.
    pub(crate) fn with_recorded<'r>(mut self, recorded: impl Iterator<Item = &'r str>) -> Self {
        for name in recorded {
            let level = name.split(':').next().unwrap_or_default();
            self.add(name, level.split('_').map(str::to_owned));
        }
        self
    }

    /// And what somebody else exports.
    pub(crate) fn with(mut self, name: &str, labels: &[&str]) -> Self {
        self.add(name, labels.iter().map(|label| (*label).to_owned()));
        self
    }

    /// Every metric of a service.
    pub(crate) fn metrics(&self) -> impl Iterator<Item = &str> {
        self.metrics.iter().map(String::as_str)
    }

    /// Its own labels; those of the target not among them.
    pub(super) fn labels(&self, series: &str) -> Option<&BTreeSet<String>> {
        self.series.get(series)
    }

    /// All that a label of a series can be; nothing where that is open.
    pub(super) fn values(&self, series: &str, label: &str) -> &[String] {
        let key = (series.to_owned(), label.to_owned());
        self.values.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Whether a text may speak of it.
    pub(crate) fn is_metric(&self, name: &str) -> bool {
        self.series.contains_key(name) || self.histograms.contains(name)
    }

    pub(crate) fn is_histogram(&self, name: &str) -> bool {
        self.histograms.contains(name)
    }

    fn add_metric(&mut self, name: &str, kind: Kind, labels: &[Label]) {
        // What a metric calls like a label of the target, Prometheus renames.
        let stored = labels.iter().map(|label| match label.name.as_str() {
            "service" | "instance" | "job" => format!("exported_{}", label.name),
            other => other.to_owned(),
        });
        let stored: Vec<_> = stored.collect();
        self.metrics.insert(name.to_owned());
        for part in ["", "_sum", "_count", "_bucket"] {
            for (label, stored) in labels.iter().zip(&stored) {
                let key = (format!("{name}{part}"), stored.clone());
                self.values.insert(key, label.values.clone());
            }
        }
        match kind {
            Kind::Plain => self.add(name, stored.into_iter()),
            Kind::Histogram => self.add_histogram(name, &stored),
        }
    }

    fn add_histogram(&mut self, name: &str, labels: &[String]) {
        self.histograms.insert(name.to_owned());
        for part in ["sum", "count"] {
            self.add(&format!("{name}_{part}"), labels.iter().cloned());
        }
        let with_bound = labels.iter().cloned().chain(["le".to_owned()]);
        self.add(&format!("{name}_bucket"), with_bound);
    }

    fn add(&mut self, name: &str, labels: impl Iterator<Item = String>) {
        self.series.insert(name.to_owned(), labels.collect());
    }
}

/// Comment and value of every constant in `mod metric`.
fn constants(names: &str) -> Vec<(String, String)> {
    let module = names.split("pub mod metric {").nth(1).unwrap_or_default();
    let module = module.split("\n}").next().unwrap_or_default();
    let mut doc = String::new();
    let mut found = Vec::new();
    let mut lines = module.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if let Some(text) = line.strip_prefix("///") {
            doc.push_str(text);
        } else if line.starts_with("pub const") {
            // rustfmt puts a long value on a line of its own.
            let rest = if line.ends_with('=') {
                lines.next()
            } else {
                None
            };
            let value = rest.unwrap_or(line).split('"').nth(1).unwrap_or_default();
            found.push((std::mem::take(&mut doc), value.to_owned()));
        }
    }
    found
}

/// "Gauge by `db_system_name`, `state` (`used`, `idle`): .." is a gauge with two labels, one of them closed.
fn told(doc: &str) -> Option<(Kind, Vec<Label>)> {
    let doc = doc.trim();
    let kind = match doc.split(|c: char| !c.is_ascii_alphabetic()).next()? {
        "Counter" | "Gauge" => Kind::Plain,
        "Histogram" => Kind::Histogram,
        _ => return None,
    };
    let head = doc.split([':', '.']).next().unwrap_or_default();
    let by = head.split_once(" by ").map_or("", |(_, by)| by);
    let mut labels: Vec<Label> = Vec::new();
    let mut is_value = false;
    // Every other part stands in backticks, and parentheses between them.
    for (at, part) in by.split('`').enumerate() {
        match (at % 2 == 0, labels.last_mut()) {
            (true, _) => is_value = (is_value || part.contains('(')) && !part.contains(')'),
            (false, Some(label)) if is_value => label.values.push(part.to_owned()),
            (false, _) => labels.push(Label {
                name: part.to_owned(),
                values: Vec::new(),
            }),
        }
    }
    Some((kind, labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &str = r#"
pub mod metric {
    /// Counter by `job`, `outcome`.
    pub const A: &str = "runs_total";
    /// Histogram by `method`, in seconds.
    pub const B: &str =
        "wait_seconds";
    /// Gauge by `system`, `state` (`used`, `idle`): what is there by `name`.
    pub const C: &str = "connections";
}
pub mod event {
    /// The process has read its configuration.
    pub const STARTING: &str = "application_starting";
}
"#;

    fn labels(known: &Known, series: &str) -> Vec<String> {
        known.labels(series).unwrap().iter().cloned().collect()
    }

    #[test]
    fn names_and_labels_come_out_of_the_comments() {
        let known = Known::parse(NAMES).unwrap();
        assert_eq!(labels(&known, "runs_total"), ["exported_job", "outcome"]);
        assert_eq!(labels(&known, "wait_seconds_bucket"), ["le", "method"]);
        assert_eq!(labels(&known, "connections"), ["state", "system"]);
        assert!(known.labels("wait_seconds").is_none() && known.is_metric("wait_seconds"));
        assert_eq!(known.values("connections", "state"), ["used", "idle"]);
        assert!(known.values("connections", "system").is_empty());
        assert!(!known.is_metric("application_starting"));
    }

    #[test]
    fn a_comment_that_tells_no_type_is_named() {
        let names = NAMES.replace("Counter by", "Runs by");
        let fault = Known::parse(&names).unwrap_err().to_string();
        assert!(fault.contains("runs_total"), "{fault}");
    }

    #[test]
    fn a_recorded_series_has_the_labels_of_its_level() {
        let known = Known::parse(NAMES).unwrap();
        let known = known.with_recorded(["service_slo:burn_rate:1h"].into_iter());
        assert_eq!(
            labels(&known, "service_slo:burn_rate:1h"),
            ["service", "slo"]
        );
    }
}
