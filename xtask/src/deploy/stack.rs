//! `ops/compose.yaml`: everything is there, nothing of it can be reached from outside, no password is known.

use anyhow::Result;
use serde_json::Value;

use super::files::{Files, texts};
use super::pinned::is_pinned;

pub(super) const FILE: &str = "ops/compose.yaml";
/// In every preset.
const SERVICES: [&str; 8] = [
    "service",
    "otel-collector",
    "prometheus",
    "alertmanager",
    "node-exporter",
    "grafana",
    "jaeger",
    "loki",
];
const SECRET: [&str; 4] = ["PASSWORD", "SECRET", "TOKEN", "AUTH"];

pub(super) fn check(files: &Files) -> Result<Vec<String>> {
    let compose = files.yaml(FILE)?;
    let mut found = Vec::new();
    if compose.get("version").is_some() {
        found.push("`version` says nothing any more".to_owned());
    }
    let missing = SERVICES
        .iter()
        .filter(|name| compose["services"].get(**name).is_none());
    found.extend(missing.map(|name| format!("no service `{name}`")));
    for (name, service) in services(&compose) {
        let faults = service_faults(files, service);
        found.extend(faults.map(|fault| format!("{name}: {fault}")));
    }
    found.extend(missing_services(&compose));
    found.extend(port_fault(&compose, "otel-collector", "4317"));
    found.extend(port_fault(&compose, "otel-collector", "4318"));
    found.extend(optional_variables(&files.text(FILE)?));
    Ok(found.iter().map(|fault| files.fault(FILE, fault)).collect())
}

pub(super) fn services(compose: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let services = compose["services"].as_object().into_iter().flatten();
    services.map(|(name, service)| (name.as_str(), service))
}

fn service_faults<'s>(files: &'s Files, service: &'s Value) -> impl Iterator<Item = String> + 's {
    let image = service["image"].as_str().unwrap_or_default();
    let unpinned = (!is_pinned(image)).then(|| format!("the image `{image}` has no pinned tag"));
    let ports = texts(&service["ports"]).filter(|port| !port.starts_with("127.0.0.1:"));
    let ports = ports.map(|port| format!("the port {port} is open to others"));
    let mounted = texts(&service["volumes"]).filter_map(|volume| volume.strip_prefix("./"));
    let mounted = mounted.filter_map(|volume| volume.split(':').next());
    let missing = mounted.filter(|path| !files.has(&format!("ops/{path}")));
    let missing = missing.map(|path| format!("there is no ops/{path} to mount"));
    unpinned
        .into_iter()
        .chain(ports)
        .chain(missing)
        .chain(clear_secrets(service))
}

/// What others wait for: PostgreSQL and Redis, where the service has them.
fn missing_services(compose: &Value) -> Vec<String> {
    let waits = services(compose).flat_map(|(name, service)| {
        let listed = texts(&service["depends_on"]);
        let named = service["depends_on"].as_object().into_iter().flatten();
        let named = named.map(|(other, _)| other.as_str());
        listed.chain(named).map(move |other| (name, other))
    });
    let missing = waits.filter(|(_, other)| compose["services"].get(*other).is_none());
    missing
        .map(|(name, other)| format!("{name}: there is no service `{other}`"))
        .collect()
}

/// Passwords as variables, and inside of URLs.
fn clear_secrets(service: &Value) -> impl Iterator<Item = String> {
    let environment = service["environment"].as_object().into_iter().flatten();
    let clear = environment.filter(|(name, value)| {
        let value = value.as_str().unwrap_or_default();
        let secret = SECRET.iter().any(|word| name.contains(word)) || has_password(value);
        secret && !value.contains("${")
    });
    clear.map(|(name, _)| format!("{name} holds a password in clear"))
}

fn has_password(url: &str) -> bool {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    authority
        .split_once('@')
        .is_some_and(|(user, _)| user.contains(':'))
}

/// A default for a password is a password that everybody knows.
fn optional_variables(text: &str) -> Vec<String> {
    let used = text
        .split("${")
        .skip(1)
        .filter_map(|rest| rest.split('}').next());
    let optional = used.filter(|used| !used.contains(":?"));
    optional
        .map(|used| format!("${{{used}}} has to be required: ${{..:?..}}"))
        .collect()
}

fn port_fault(compose: &Value, service: &str, port: &str) -> Option<String> {
    let wanted = format!("127.0.0.1:{port}:{port}");
    let mut ports = texts(&compose["services"][service]["ports"]);
    (!ports.any(|published| published == wanted)).then(|| format!("{service}: no port {port}"))
}
