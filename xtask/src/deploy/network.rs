//! What leads to pods, scales them, guards them and looks at them: each has to be about pods that there are.

use serde_json::{Value, json};

use super::files::texts;
use super::manifest::{Object, selects};
use super::pods::port;

/// Everything that names pods or other objects.
pub(super) fn faults(all: &[Object]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for object in all {
        let faults = match object.kind() {
            "Service" => service_faults(object, all),
            "HorizontalPodAutoscaler" => autoscaler_faults(object, all),
            "PodDisruptionBudget" => budget_faults(object, all),
            "NetworkPolicy" => policy_faults(object, all),
            "ServiceMonitor" => monitor_faults(object, all),
            _ => Vec::new(),
        };
        found.extend(faults.iter().map(|fault| object.fault(fault)));
    }
    found
}

fn chosen<'o>(all: &'o [Object], selector: &'o Value) -> impl Iterator<Item = &'o Object> {
    let pods = all.iter().filter(move |object| {
        object
            .pod_labels()
            .is_some_and(|labels| selects(selector, labels))
    });
    pods.filter(|object| object.kind() == "Deployment")
}

fn service_faults(service: &Object, all: &[Object]) -> Vec<String> {
    let Some(target) = chosen(all, service.at("/spec/selector")).next() else {
        return vec!["it leads to no pod".to_owned()];
    };
    let container = target.at("/spec/template/spec/containers/0");
    let ports = service.at("/spec/ports").as_array().into_iter().flatten();
    let names = ports.filter_map(|port| port["targetPort"].as_str());
    let unknown = names.filter(|name| port(container, name).is_none());
    unknown
        .map(|name| format!("its pods have no port `{name}`"))
        .collect()
}

fn autoscaler_faults(scaler: &Object, all: &[Object]) -> Vec<String> {
    let name = scaler.text("/spec/scaleTargetRef/name");
    let mut deployments = all.iter().filter(|object| object.kind() == "Deployment");
    let Some(target) = deployments.find(|object| object.name() == name) else {
        return vec![format!("there is no Deployment {name}")];
    };
    let bound = |key: &str| scaler.at(key).as_u64().unwrap_or_default();
    let (least, most) = (bound("/spec/minReplicas"), bound("/spec/maxReplicas"));
    let mut found = Vec::new();
    if target.at("/spec/replicas") != &Value::Null {
        found.push(
            "its Deployment says `replicas` too: an apply would undo what this one said".to_owned(),
        );
    }
    if least < 2 || most <= least {
        found.push(format!(
            "from {least} to {most} replicas: one that is replaced must not be all there is"
        ));
    }
    let kustomization = all.iter().find(|object| object.kind() == "Kustomization");
    let literals = kustomization.map(|it| it.at("/configMapGenerator/0/literals"));
    let wanted = format!("DATABASE__REPLICAS={most}");
    if !literals.is_some_and(|literals| texts(literals).any(|literal| literal == wanted)) {
        found.push(format!("kustomization.yaml has to say {wanted}"));
    }
    found
}

fn budget_faults(budget: &Object, all: &[Object]) -> Vec<String> {
    let mut found = Vec::new();
    if chosen(all, budget.at("/spec/selector/matchLabels"))
        .next()
        .is_none()
    {
        found.push("it is about no pod".to_owned());
    }
    if budget.at("/spec/maxUnavailable") != &json!(1) {
        found.push("maxUnavailable has to be 1".to_owned());
    }
    found
}

fn policy_faults(policy: &Object, all: &[Object]) -> Vec<String> {
    let selector = policy.at("/spec/podSelector/matchLabels");
    let pods = all
        .iter()
        .filter_map(|object| Some((object, object.pod_labels()?)));
    let open = pods.filter(|(_, labels)| !selects(selector, labels));
    let mut found: Vec<_> = open
        .map(|(object, _)| format!("it leaves out the pods of {}", object.name()))
        .collect();
    if policy.at("/spec/policyTypes") != &json!(["Ingress", "Egress"]) {
        found.push("policyTypes has to name Ingress and Egress".to_owned());
    }
    for (way, ports) in [("ingress", [8000, 9464]), ("egress", [53, 4317])] {
        let missing = ports.iter().filter(|port| !opens(policy, way, **port));
        found.extend(missing.map(|port| format!("{way} is closed for port {port}")));
    }
    let ingress = policy.at("/spec/ingress").as_array().into_iter().flatten();
    let to_all = ingress.filter(|rule| rule.get("from").is_none());
    found.extend(to_all.map(|_| "ingress is open to everybody".to_owned()));
    found
}

fn opens(policy: &Object, way: &str, port: u64) -> bool {
    let rules = policy.at(&format!("/spec/{way}")).as_array();
    let mut ports = rules
        .into_iter()
        .flatten()
        .filter_map(|rule| rule["ports"].as_array())
        .flatten();
    ports.any(|open| open["port"] == port)
}

fn monitor_faults(monitor: &Object, all: &[Object]) -> Vec<String> {
    let selector = monitor.at("/spec/selector/matchLabels");
    let services = all.iter().filter(|object| object.kind() == "Service");
    let services: Vec<_> = services
        .filter(|service| selects(selector, service.at("/metadata/labels")))
        .collect();
    let endpoint = monitor.at("/spec/endpoints/0");
    let mut found = Vec::new();
    if services.is_empty() {
        found.push("it looks at no Service".to_owned());
    }
    for service in services {
        let mut ports = service.at("/spec/ports").as_array().into_iter().flatten();
        if !ports.any(|port| port["name"] == endpoint["port"]) {
            found.push(format!(
                "the Service {} has no port {}",
                service.name(),
                endpoint["port"]
            ));
        }
    }
    if endpoint["port"] != "admin" || endpoint["path"] != "/metrics" {
        found.push("/metrics is on the port `admin`".to_owned());
    }
    let mut relabelled = endpoint["relabelings"].as_array().into_iter().flatten();
    if !relabelled.any(|it| it["targetLabel"] == "service") {
        found.push("no label `service`, which alerts and dashboards go by".to_owned());
    }
    found
}
