//! A real Prometheus over the shipped rules, their durations shortened, and a real Alertmanager that sends to the desk.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value as Json;
use serde_norway::Value;

use super::scale;
use crate::ops;
use crate::run::prometheus::Prometheus as Process;

/// Twice within the shortest window, which is a second.
const INTERVAL: &str = "500ms";

pub(super) struct Prometheus(Process);

impl Prometheus {
    /// For the service in `service`, whose targets it looks for.
    pub(super) fn start(service: &Path, alertmanager: SocketAddr) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let rules = folder.path().join("rules");
        fs::create_dir(&rules)?;
        for path in ops::rule_files(service)? {
            let name = path.file_name().unwrap_or_default();
            fs::write(rules.join(name), scale::rules(&fs::read_to_string(&path)?)?)?;
        }
        let text = fs::read_to_string(service.join("ops/prometheus/prometheus.yml"))?;
        let text = configuration(&text, service, alertmanager)?;
        fs::write(folder.path().join("prometheus.yml"), text)?;
        Ok(Self(Process::start(folder, &[])?))
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// The alerts that fire now, but for the one that always does.
    pub(super) fn firing(&self) -> Result<Vec<String>> {
        let answer = self.0.ask("alerts", &[])?;
        let firing = list(&answer["alerts"]).filter(|alert| alert["state"] == "firing");
        let names = firing.filter_map(|alert| alert["labels"]["alertname"].as_str());
        Ok(names
            .filter(|name| *name != "Watchdog")
            .map(str::to_owned)
            .collect())
    }

    /// Whether every target that it has is scraped, and it has one.
    pub(super) fn sees_all(&self) -> Result<bool> {
        let answer = self.0.ask("targets", &[("state", "active")])?;
        let mut targets = list(&answer["activeTargets"]).peekable();
        Ok(targets.peek().is_some() && targets.all(|target| target["health"] == "up"))
    }
}

fn list(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}

/// The shipped one, at the drill's pace and addresses.
fn configuration(text: &str, service: &Path, alertmanager: SocketAddr) -> Result<String> {
    let text = text.replace("127.0.0.1:9093", &alertmanager.to_string());
    let mut config: Value = serde_norway::from_str(&text)?;
    for pace in ["scrape_interval", "scrape_timeout", "evaluation_interval"] {
        config["global"][pace] = INTERVAL.into();
    }
    let runbooks = service.join("runbooks").display().to_string();
    config["global"]["external_labels"]["runbook_base"] = runbooks.into();
    let found = &mut config["scrape_configs"][0]["file_sd_configs"][0];
    found["files"][0] = service
        .join("ops/prometheus/targets/*.yml")
        .display()
        .to_string()
        .into();
    found["refresh_interval"] = INTERVAL.into();
    Ok(serde_norway::to_string(&config)?)
}

/// The shipped Alertmanager configuration, told at once and to the desk. Mutes are taken out: what is muted arrives nowhere, and
/// that they mute what they should is asked of the shipped file by `make ops`.
pub(super) fn alertmanager(text: &str, desk: SocketAddr) -> Result<String> {
    let text = text.replace("127.0.0.1:9095", &desk.to_string());
    let mut config: Value = serde_norway::from_str(&text)?;
    let map = config.as_mapping_mut().context("it is no mapping")?;
    map.remove("inhibit_rules");
    let route = &mut config["route"];
    route["group_by"] = vec!["..."].into();
    route["group_wait"] = "0s".into();
    route["group_interval"] = "1s".into();
    Ok(serde_norway::to_string(&config)?)
}
