//! The stack's Prometheus, started with the stack's own files and flags.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use super::files::{Files, texts};
use super::{NAME, stack};
use crate::interrupt;
use crate::run::prometheus::Prometheus;

const FILE: &str = "ops/prometheus/prometheus.yml";
/// Where the container has them.
const INSIDE: &str = "/etc/prometheus/";
/// Files with targets are read after the start.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn check(files: &Files) -> Result<Vec<String>> {
    let compose = files.yaml(stack::FILE)?;
    let container = &compose["services"]["prometheus"];
    let folder = laid_out(files, &compose, container)?;
    // Its place is a test's own.
    let flags = texts(&container["command"]).filter(|flag| !flag.starts_with("--config.file"));
    let flags: Vec<_> = flags.map(str::to_owned).collect();
    let prometheus = Prometheus::start(folder, &flags)?;
    let deadline = Instant::now() + LIMIT;
    let mut found = faults(files, &prometheus)?;
    while !found.is_empty() && Instant::now() < deadline {
        interrupt::pause(Duration::from_millis(50))?;
        found = faults(files, &prometheus)?;
    }
    found.extend(interval_fault(files)?);
    Ok(found.iter().map(|fault| files.fault(FILE, fault)).collect())
}

/// As the container sees it: the files that are mounted, and those that compose writes.
fn laid_out(files: &Files, compose: &Value, container: &Value) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    for volume in texts(&container["volumes"]) {
        let mut parts = volume.split(':');
        let (from, to) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        if let (Some(from), Some(to)) = (from.strip_prefix("./"), to.strip_prefix(INSIDE)) {
            copy(&files.path(&format!("ops/{from}")), &folder.path().join(to))?;
        }
    }
    for config in container["configs"].as_array().into_iter().flatten() {
        let target = config["target"].as_str().unwrap_or_default();
        let target = folder
            .path()
            .join(target.strip_prefix(INSIDE).unwrap_or_default());
        let source = config["source"].as_str().unwrap_or_default();
        let content = compose["configs"][source]["content"].as_str();
        let content = content.with_context(|| format!("compose has no config `{source}`"))?;
        fs::create_dir_all(target.parent().unwrap_or(folder.path()))?;
        fs::write(target, content)?;
    }
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() {
        return fs::copy(from, to)
            .map(drop)
            .with_context(|| format!("no {}", from.display()));
    }
    crate::sync::copy_all(from, to)
}

/// It has the rules, and looks where it should.
fn faults(files: &Files, prometheus: &Prometheus) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let rules = prometheus.ask("rules", &[])?;
    let loaded = rules["groups"].as_array().map_or(0, Vec::len);
    if loaded < files.list("ops/prometheus/rules")?.len() {
        found.push(format!("it has {loaded} groups of rules"));
    }
    let targets = prometheus.ask("targets", &[])?;
    let active = targets["activeTargets"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for (job, address) in [("services", "service:9464"), ("nodes", "service:9100")] {
        let is_it = |target: &&Value| {
            target["labels"]["job"] == job && target["labels"]["instance"] == address
        };
        match active.iter().find(is_it) {
            None => found.push(format!("the job {job} does not look at {address}")),
            Some(target) if job == "services" && target["labels"]["service"] != NAME => {
                found.push(format!("{address} has no label service=\"{NAME}\""));
            }
            Some(_) => {}
        }
    }
    let alertmanagers = prometheus.ask("alertmanagers", &[])?;
    if alertmanagers["activeAlertmanagers"]
        .as_array()
        .is_none_or(Vec::is_empty)
    {
        found.push("it knows no Alertmanager".to_owned());
    }
    Ok(found)
}

fn interval_fault(files: &Files) -> Result<Option<String>> {
    let interval = &files.yaml(FILE)?["global"]["scrape_interval"];
    Ok((interval != "15s").then(|| format!("it scrapes every {interval}, not every 15s")))
}
