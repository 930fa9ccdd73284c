//! `ops/k8s`: every object is there, has what it needs, and is about the others.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::files::{Files, texts};
use super::manifest::{Object, objects};
use super::pinned::is_version;
use super::pods::{Shutdown, pod_faults, serving_faults};
use super::{NAME, network};

pub(super) const FOLDER: &str = "ops/k8s";
pub(super) const KUSTOMIZATION: &str = "ops/k8s/kustomization.yaml";
pub(super) const RULES: &str = "ops/k8s/prometheusrule.yaml";

const README: &str = "ops/README.md";
/// What the README applies before the rest.
const FIRST: &str = "component in (config, migration)";

/// Kind and name of what has to be there.
const OBJECTS: [(&str, &str); 10] = [
    ("Deployment", NAME),
    ("Service", NAME),
    ("HorizontalPodAutoscaler", NAME),
    ("PodDisruptionBudget", NAME),
    ("NetworkPolicy", NAME),
    ("ServiceMonitor", NAME),
    ("PrometheusRule", "belvedere"),
    ("Job", "shop-migrate"),
    ("Deployment", "shop-worker"),
    ("Kustomization", ""),
];
/// What the image is told to do.
const ARGS: [(&str, &str); 2] = [("shop-migrate", "migrate"), ("shop-worker", "worker")];

pub(super) fn check(files: &Files) -> Result<Vec<String>> {
    let all = objects(files)?;
    let shutdown = shutdown(files)?;
    let mut found = network::faults(&all);
    for object in &all {
        let faults = object_faults(object, shutdown);
        found.extend(faults.iter().map(|fault| object.fault(fault)));
    }
    let mut found: Vec<_> = found
        .iter()
        .map(|(file, fault)| files.fault(file, fault))
        .collect();
    let missing = OBJECTS.iter().filter(|(kind, name)| {
        !all.iter()
            .any(|object| object.kind() == *kind && object.name() == *name)
    });
    found.extend(missing.map(|(kind, name)| files.fault(FOLDER, &format!("no {kind} {name}"))));
    found.extend(kustomization_faults(files, &all)?);
    found.extend(rule_fault(files)?);
    found.extend(settings_fault(files)?);
    Ok(found)
}

fn object_faults(object: &Object, shutdown: Shutdown) -> Vec<String> {
    let mut found = Vec::new();
    if object.pod_labels().is_some() {
        found.extend(pod_faults(object));
    }
    if object.kind() == "Deployment" {
        found.extend(serving_faults(object, shutdown));
    }
    let args = object.at("/spec/template/spec/containers/0/args");
    let wanted = ARGS
        .iter()
        .find(|(name, _)| *name == object.name() && object.kind() != "Service");
    if let Some((_, command)) = wanted
        && args != &json!([command])
    {
        found.push(format!("its args have to be [{command}]"));
    }
    found
}

/// Everything but the alerts, which are a cluster's, and the worker, where there are no jobs.
fn kustomization_faults(files: &Files, all: &[Object]) -> Result<Vec<String>> {
    let kustomization = files.yaml(KUSTOMIZATION)?;
    let listed: BTreeSet<_> = texts(&kustomization["resources"])
        .map(|file| format!("{FOLDER}/{file}"))
        .collect();
    let of_service = all.iter().map(|object| object.file.clone());
    let there: BTreeSet<_> = of_service
        .filter(|file| file != KUSTOMIZATION && file != RULES)
        .collect();
    let mut found: Vec<_> = listed
        .difference(&there)
        .map(|file| format!("{file} is not there"))
        .collect();
    let forgotten = there
        .difference(&listed)
        .filter(|file| !file.ends_with("/worker.yaml"));
    found.extend(forgotten.map(|file| format!("{file} is not among the resources")));
    let image = &kustomization["images"][0];
    if image["name"] != NAME || !is_version(image["newTag"].as_str().unwrap_or_default()) {
        found.push(format!("the image `{NAME}` has no pinned tag"));
    }
    Ok(found
        .iter()
        .map(|fault| files.fault(KUSTOMIZATION, fault))
        .collect())
}

/// The migration is applied before all else, and with it what it is told.
fn settings_fault(files: &Files) -> Result<Option<String>> {
    let kustomization = files.yaml(KUSTOMIZATION)?;
    let labels = &kustomization["configMapGenerator"][0]["options"]["labels"];
    let is_found =
        labels["app.kubernetes.io/component"] == "config" && files.text(README)?.contains(FIRST);
    Ok((!is_found).then(|| {
        let fault = format!("the ConfigMap has to be a component `config`, and {README} has to apply `{FIRST}` first");
        files.fault(KUSTOMIZATION, &fault)
    }))
}

/// The alerts are those of Prometheus's own files.
fn rule_fault(files: &Files) -> Result<Option<String>> {
    let mut groups = Vec::new();
    for file in files.list("ops/prometheus/rules")? {
        let rules = files.yaml(&file)?;
        groups.extend(rules["groups"].as_array().into_iter().flatten().cloned());
    }
    let rule = files.yaml(RULES)?;
    Ok((rule["spec"]["groups"] != Value::Array(groups)).then(|| {
        files.fault(
            RULES,
            "differs from ops/prometheus/rules: run `make prometheusrule`",
        )
    }))
}

fn shutdown(files: &Files) -> Result<Shutdown> {
    let settings: toml::Table = files.text("config/default.toml")?.parse()?;
    let seconds = |key: &str| {
        let value = settings
            .get("shutdown")
            .and_then(|shutdown| shutdown.get(key));
        let value = value.and_then(toml::Value::as_float);
        value.with_context(|| format!("config/default.toml has no shutdown.{key}"))
    };
    Ok(Shutdown {
        drain: seconds("drain_seconds")?,
        timeout: seconds("timeout_seconds")?,
    })
}
