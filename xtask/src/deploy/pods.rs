//! What every pod has to have, and what those have that serve.

use serde_json::{Value, json};

use super::manifest::{Object, selects};
use super::pinned::is_pinned;

/// The three health paths, each on the admin listener.
const PROBES: [(&str, &str); 3] = [
    ("startupProbe", "/health/startup"),
    ("readinessProbe", "/health/ready"),
    ("livenessProbe", "/health/live"),
];
const ADMIN_PORT: u64 = 9464;
/// What the last spans and lines may take: part of the contract, no setting.
const FLUSH_SECONDS: f64 = 3.0;

/// Of a Deployment or a Job: its rights, its limits, its image.
pub(super) fn pod_faults(object: &Object) -> Vec<String> {
    let pod = object.at("/spec/template/spec");
    let wanted = [
        ("/automountServiceAccountToken", json!(false)),
        ("/securityContext/runAsNonRoot", json!(true)),
        (
            "/securityContext/seccompProfile/type",
            json!("RuntimeDefault"),
        ),
        (
            "/containers/0/securityContext/allowPrivilegeEscalation",
            json!(false),
        ),
        (
            "/containers/0/securityContext/readOnlyRootFilesystem",
            json!(true),
        ),
        (
            "/containers/0/securityContext/capabilities/drop",
            json!(["ALL"]),
        ),
    ];
    let mut found: Vec<_> = wanted
        .iter()
        .filter(|(pointer, value)| pod.pointer(pointer) != Some(value))
        .map(|(pointer, value)| format!("{pointer} has to be {value}"))
        .collect();
    let limits = ["requests/cpu", "requests/memory", "limits/memory"];
    let unlimited = limits.iter().filter(|limit| {
        pod.pointer(&format!("/containers/0/resources/{limit}"))
            .is_none()
    });
    found.extend(unlimited.map(|limit| format!("no resources/{limit}")));
    let image = pod["containers"][0]["image"].as_str().unwrap_or_default();
    if !is_pinned(image) {
        found.push(format!("the image `{image}` has no pinned tag"));
    }
    found
}

/// Of a Deployment: probes, an end in order, replicas apart.
pub(super) fn serving_faults(object: &Object, shutdown: Shutdown) -> Vec<String> {
    let pod = object.at("/spec/template/spec");
    let container = &pod["containers"][0];
    let mut found: Vec<_> = PROBES
        .iter()
        .filter(|(probe, path)| {
            let get = &container[*probe]["httpGet"];
            get["path"] != **path || get["port"] != "admin"
        })
        .map(|(probe, path)| format!("no {probe} that asks the admin port for {path}"))
        .collect();
    if port(container, "admin") != Some(ADMIN_PORT) {
        found.push(format!("the port `admin` has to be {ADMIN_PORT}"));
    }
    found.extend(end_fault(pod, shutdown));
    let labels = object.pod_labels().unwrap_or(&Value::Null);
    if !selects(object.at("/spec/selector/matchLabels"), labels) {
        found.push("its selector is not about its own pods".to_owned());
    }
    for key in ["topology.kubernetes.io/zone", "kubernetes.io/hostname"] {
        let mut spread = pod["topologySpreadConstraints"]
            .as_array()
            .into_iter()
            .flatten();
        let is_spread = |it: &Value| {
            it["topologyKey"] == key && selects(&it["labelSelector"]["matchLabels"], labels)
        };
        if !spread.any(is_spread) {
            found.push(format!("its pods are not spread over {key}"));
        }
    }
    found
}

pub(super) fn port(container: &Value, name: &str) -> Option<u64> {
    let mut ports = container["ports"].as_array()?.iter();
    ports.find(|port| port["name"] == name)?["containerPort"].as_u64()
}

/// The service's own limits for its end, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shutdown {
    pub(super) drain: f64,
    pub(super) timeout: f64,
}

fn end_fault(pod: &Value, shutdown: Shutdown) -> Option<String> {
    let sleep = pod.pointer("/containers/0/lifecycle/preStop/sleep/seconds");
    let Some(sleep) = sleep.and_then(Value::as_f64) else {
        return Some("no preStop".to_owned());
    };
    let needed = sleep + shutdown.drain + shutdown.timeout + FLUSH_SECONDS;
    let given = pod["terminationGracePeriodSeconds"]
        .as_f64()
        .unwrap_or(30.0);
    (given < needed).then(|| {
        format!("terminationGracePeriodSeconds is {given}: preStop, drain, time limit and flush take {needed}")
    })
}
