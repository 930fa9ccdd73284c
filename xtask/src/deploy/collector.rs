//! What is wired inside the stack: each end of a wire has to be there. The collector itself cannot be had here; see `rotel`.

use anyhow::Result;
use serde_json::Value;

use super::files::{Files, texts};
use super::stack;

pub(super) const COLLECTOR: &str = "ops/otel-collector/config.yaml";
const SOURCES: &str = "ops/grafana/provisioning/datasources/datasources.yaml";

pub(super) fn check(files: &Files) -> Result<Vec<String>> {
    let compose = files.yaml(stack::FILE)?;
    let collector = files.yaml(COLLECTOR)?;
    let mut found: Vec<_> = collector_faults(&collector)
        .chain(host_faults(&compose, &collector["exporters"]))
        .map(|fault| files.fault(COLLECTOR, &fault))
        .collect();
    let sources = files.yaml(SOURCES)?;
    let faults = source_faults(&sources).into_iter();
    let faults = faults.chain(host_faults(&compose, &sources["datasources"]));
    found.extend(faults.map(|fault| files.fault(SOURCES, &fault)));
    Ok(found)
}

/// A pipeline names what is defined, and takes what is sent to either port.
fn collector_faults(collector: &Value) -> impl Iterator<Item = String> {
    let pipelines = collector["service"]["pipelines"].as_object();
    let parts = pipelines
        .into_iter()
        .flatten()
        .flat_map(|(name, pipeline)| {
            let parts = ["receivers", "processors", "exporters"].into_iter();
            parts.flat_map(move |kind| texts(&pipeline[kind]).map(move |part| (name, kind, part)))
        });
    let unknown = parts.filter(|(_, kind, part)| collector[*kind].get(*part).is_none());
    let unknown = unknown.map(|(name, kind, part)| format!("{name}: {part} is none of the {kind}"));
    let ports = [("grpc", "0.0.0.0:4317"), ("http", "0.0.0.0:4318")].into_iter();
    let closed = ports.filter(|(protocol, address)| {
        collector["receivers"]["otlp"]["protocols"][*protocol]["endpoint"] != **address
    });
    let closed = closed.map(|(protocol, address)| format!("{protocol} has to listen on {address}"));
    unknown.chain(closed)
}

/// Every `url` and `endpoint` leads to a service of the stack.
fn host_faults(compose: &Value, settings: &Value) -> Vec<String> {
    let addresses = addresses(settings);
    let hosts = addresses.iter().map(|address| (address, host(address)));
    let strangers = hosts.filter(|(_, host)| compose["services"].get(*host).is_none());
    strangers
        .map(|(address, _)| format!("{address} leads to no service of the stack"))
        .collect()
}

fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split([':', '/']).next().unwrap_or_default()
}

fn addresses(settings: &Value) -> Vec<String> {
    let own = ["url", "endpoint"].into_iter();
    let own = own.filter_map(|key| settings.get(key)?.as_str());
    // `${__value.raw}` is a link's, not a place.
    let own = own.filter(|address| !address.contains("${"));
    let inner: Vec<&Value> = match settings {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    own.map(str::to_owned)
        .chain(inner.into_iter().flat_map(addresses))
        .collect()
}

/// From a duration to its trace, from there to its lines, and back.
fn source_faults(sources: &Value) -> Vec<String> {
    let source = |uid: &str| {
        let mut all = sources["datasources"].as_array().into_iter().flatten();
        let found = all.find(|source| source["uid"] == uid);
        found.map_or(Value::Null, |source| source["jsonData"].clone())
    };
    let (metrics, traces, logs) = (source("prometheus"), source("jaeger"), source("loki"));
    let exemplar = &metrics["exemplarTraceIdDestinations"][0];
    let line = &logs["derivedFields"][0];
    let query = traces["tracesToLogsV2"]["query"]
        .as_str()
        .unwrap_or_default();
    let links = [
        (
            "an exemplar to its trace",
            exemplar["name"] == "trace_id" && exemplar["datasourceUid"] == "jaeger",
        ),
        (
            "a trace to its lines",
            traces["tracesToLogsV2"]["datasourceUid"] == "loki" && query.contains("trace_id="),
        ),
        (
            "a line to its trace",
            line["datasourceUid"] == "jaeger" && line["matcherRegex"] == "trace_id",
        ),
    ];
    let missing = links.iter().filter(|(_, there)| !there);
    missing
        .map(|(link, _)| format!("no link from {link}"))
        .collect()
}
