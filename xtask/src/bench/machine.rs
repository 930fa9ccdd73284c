//! When, on what and with what something was measured.

use std::fs;
use std::process::Command;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::checkout::Checkout;
use crate::run::command;

/// The crates whose versions a reader asks for.
const CRATES: [&str; 13] = [
    "axum",
    "hyper",
    "tokio",
    "tower-http",
    "axum-prometheus",
    "axum-tracing-opentelemetry",
    "opentelemetry",
    "tracing-opentelemetry",
    "tracing-subscriber",
    "foundations",
    "loco-rs",
    "sqlx",
    "redis",
];
/// The same of Python's packages.
const PACKAGES: [&str; 7] = [
    "fastapi",
    "uvicorn",
    "uvloop",
    "structlog",
    "prometheus-fastapi-instrumentator",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation-fastapi",
];

/// Where figures come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) machine: String,
    pub(crate) versions: Vec<String>,
}

impl Taken {
    pub(crate) fn now(checkout: &Checkout) -> Result<Self> {
        let folder = checkout.root();
        let said = |program: &str, args: &[&str]| {
            let mut command = Command::new(program);
            let printed = command::capture(command.args(args).current_dir(folder))?;
            anyhow::Ok(printed.all().trim().to_owned())
        };
        let mut versions = vec![
            said("rustc", &["--version"])?,
            said("python3", &["--version"])?,
        ];
        let lock = fs::read_to_string(checkout.benches().join("Cargo.lock"))?;
        versions.extend(CRATES.iter().filter_map(|name| locked(&lock, name)));
        let wanted = fs::read_to_string(checkout.benches().join("fastapi/requirements.txt"))?;
        versions.extend(PACKAGES.iter().filter_map(|name| pinned(&wanted, name)));
        Ok(Self {
            date: said("date", &["-u", "+%Y-%m-%d"])?,
            // There is none in an archive of the sources.
            commit: said("git", &["rev-parse", "--short", "HEAD"])
                .unwrap_or_else(|_| "unknown".to_owned()),
            machine: machine(&said("uname", &["-sr"])?)?,
            versions,
        })
    }
}

fn machine(kernel: &str) -> Result<String> {
    let info = fs::read_to_string("/proc/cpuinfo")?;
    let model = value(&info, "model name").unwrap_or("unknown processor");
    let cores = info
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kib = value(&memory, "MemTotal").and_then(|total| total.split(' ').next()?.parse().ok());
    let gib = kib.unwrap_or(0.0) / 1024.0 / 1024.0;
    Ok(format!("{model}, {cores} cores, {gib:.0} GiB, {kernel}"))
}

fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim())
}

/// The highest version in a lock file.
fn locked(lock: &str, name: &str) -> Option<String> {
    let blocks = lock.split("[[package]]");
    let of = |block: &str, key: &str| {
        let start = format!("{key} = \"");
        let line = block.lines().find_map(|line| line.strip_prefix(&start))?;
        Some(line.trim_end_matches('"').to_owned())
    };
    let named = blocks.filter(|block| of(block, "name").as_deref() == Some(name));
    let version = named.filter_map(|block| of(block, "version")).last()?;
    Some(format!("{name} {version}"))
}

fn pinned(wanted: &str, name: &str) -> Option<String> {
    let mut lines = wanted.lines().filter_map(|line| line.split_once("=="));
    let (_, version) = lines.find(|(known, _)| *known == name)?;
    Some(format!("{name} {version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_files() {
        let lock = "[[package]]\nname = \"axum\"\nversion = \"0.7.1\"\n\n[[package]]\nname = \"axum\"\nversion = \"0.8.9\"\n";
        assert_eq!(locked(lock, "axum").as_deref(), Some("axum 0.8.9"));
        assert_eq!(locked(lock, "tokio"), None);
        let wanted = "fastapi==0.1.2\nuvloop==3.4\n";
        assert_eq!(pinned(wanted, "uvloop").as_deref(), Some("uvloop 3.4"));
    }

    #[test]
    fn every_version_that_is_told_is_known() {
        let checkout = Checkout::find().unwrap();
        let taken = Taken::now(&checkout).unwrap();
        assert_eq!(taken.versions.len(), 2 + CRATES.len() + PACKAGES.len());
    }
}
