//! What every signal says of the process that sends it.

use std::{borrow::Cow, env, process};

use belvedere_core::{About, config::ConfigError};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::TelemetryConfig;

const SERVICE_NAME: &str = "service.name";
/// What a Kubernetes pod tells its containers through the downward API, and the attribute (semantic conventions, `k8s.*`).
const KUBERNETES: [(&str, &str); 7] = [
    ("K8S_CLUSTER_NAME", "k8s.cluster.name"),
    ("K8S_NAMESPACE_NAME", "k8s.namespace.name"),
    ("K8S_NODE_NAME", "k8s.node.name"),
    ("K8S_DEPLOYMENT_NAME", "k8s.deployment.name"),
    ("K8S_POD_NAME", "k8s.pod.name"),
    ("K8S_POD_UID", "k8s.pod.uid"),
    ("K8S_CONTAINER_NAME", "k8s.container.name"),
];

/// Attributes by key; a key stands once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Resource(Vec<(Cow<'static, str>, String)>);

impl Resource {
    /// `OTEL_RESOURCE_ATTRIBUTES` stands over what we know ourselves, `OTEL_SERVICE_NAME` over both, as the specification
    /// asks.
    pub(crate) fn of(
        config: &TelemetryConfig,
        about: About,
        environment: &str,
    ) -> Result<Self, ConfigError> {
        let mut resource = Self::of_process(|name| env::var(name).ok());
        let name = config.service.name.as_deref().unwrap_or(about.name);
        resource.set(SERVICE_NAME, name);
        resource.set("service.version", about.version);
        resource.set("deployment.environment.name", environment);
        for (key, value) in attributes(config.otel.resource_attributes.as_deref())? {
            resource.set(key, value);
        }
        Ok(match &config.otel.service_name {
            Some(name) => resource.named(name),
            None => resource,
        })
    }

    fn of_process(variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut resource = Self::default();
        // The SDK makes users' spans, and nothing of it sends anything.
        resource.set("telemetry.sdk.name", "belvedere");
        resource.set("telemetry.sdk.language", "rust");
        resource.set("telemetry.sdk.version", env!("CARGO_PKG_VERSION"));
        resource.set("service.instance.id", Uuid::new_v4().to_string());
        resource.set("process.pid", process::id().to_string());
        let host = rustix::system::uname();
        resource.set("host.name", host.nodename().to_string_lossy());
        for (name, key) in KUBERNETES {
            if let Some(value) = variable(name).filter(|value| !value.is_empty()) {
                resource.set(key, value);
            }
        }
        resource
    }

    /// The same process under another name.
    #[must_use]
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.set(SERVICE_NAME, name);
        self
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, value.as_str()))
    }

    fn set(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        let key = key.into();
        self.0.retain(|(known, _)| *known != key);
        self.0.push((key, value.into()));
    }
}

/// `key=value,key=value`, percent-encoded as in W3C Baggage. What is malformed is told, not sent in part.
fn attributes(text: Option<&str>) -> Result<Vec<(String, String)>, ConfigError> {
    let pairs = text.unwrap_or_default().split(',').map(str::trim);
    let pairs = pairs.filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| attribute(pair).ok_or_else(|| malformed(pair)))
        .collect()
}

fn attribute(pair: &str) -> Option<(String, String)> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text.trim()).decode_utf8();
        text.map(Cow::into_owned).ok()
    };
    let (key, value) = pair.split_once('=')?;
    let (key, value) = (decoded(key)?, decoded(value)?);
    (!key.is_empty()).then_some((key, value))
}

fn malformed(pair: &str) -> ConfigError {
    let message = format!("{pair:?} is not valid: it is key=value, percent-encoded");
    ConfigError::new("OTEL_RESOURCE_ATTRIBUTES", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(change: impl FnOnce(&mut TelemetryConfig)) -> Result<Resource, ConfigError> {
        let mut config = TelemetryConfig::default();
        change(&mut config);
        Resource::of(&config, About::new("shop", "1.2.3"), "staging")
    }

    fn get<'r>(resource: &'r Resource, key: &str) -> Option<&'r str> {
        let mut all = resource.iter().filter(|(known, _)| *known == key);
        let found = all.next().map(|(_, value)| value);
        assert!(all.next().is_none(), "{key} stands twice");
        found
    }

    #[test]
    fn a_process_is_known_by_its_service_its_instance_and_its_host() {
        let (one, two) = (of(|_| ()).unwrap(), of(|_| ()).unwrap());
        assert_eq!(get(&one, "service.name"), Some("shop"));
        assert_eq!(get(&one, "service.version"), Some("1.2.3"));
        assert_eq!(get(&one, "deployment.environment.name"), Some("staging"));
        assert_eq!(get(&one, "telemetry.sdk.name"), Some("belvedere"));
        assert_eq!(get(&one, "process.pid"), Some(&*process::id().to_string()));
        assert!(get(&one, "host.name").is_some_and(|name| !name.is_empty()));
        let id = get(&one, "service.instance.id").unwrap();
        assert!(Uuid::parse_str(id).is_ok(), "{id}");
        assert_ne!(Some(id), get(&two, "service.instance.id"));
    }

    #[test]
    fn of_several_names_the_one_of_the_strongest_variable_counts() {
        let given = "service.name=till,service.instance.id=7, team = blue%20team ,";
        let resource = of(|config| {
            config.service.name = Some("store".to_owned());
            config.otel.resource_attributes = Some(given.to_owned());
        });
        let resource = resource.unwrap();
        assert_eq!(get(&resource, "service.name"), Some("till"));
        assert_eq!(get(&resource, "service.instance.id"), Some("7"));
        assert_eq!(get(&resource, "team"), Some("blue team"));
        let resource = of(|config| {
            config.otel.resource_attributes = Some(given.to_owned());
            config.otel.service_name = Some("kiosk".to_owned());
        });
        assert_eq!(get(&resource.unwrap(), "service.name"), Some("kiosk"));
    }

    #[test]
    fn what_is_no_attribute_is_told() {
        for text in ["team", "a=1,=2", "a=%ff"] {
            let error = of(|config| config.otel.resource_attributes = Some(text.to_owned()));
            let error = error.unwrap_err();
            assert_eq!(
                error.problems[0].place, "OTEL_RESOURCE_ATTRIBUTES",
                "{text}"
            );
        }
    }

    #[test]
    fn the_downward_api_tells_the_pod() {
        let resource = Resource::of_process(|name| match name {
            "K8S_POD_NAME" => Some("shop-5d4-x".to_owned()),
            "K8S_NODE_NAME" => Some(String::new()),
            _ => None,
        });
        assert_eq!(get(&resource, "k8s.pod.name"), Some("shop-5d4-x"));
        assert_eq!(get(&resource, "k8s.node.name"), None);
    }
}
