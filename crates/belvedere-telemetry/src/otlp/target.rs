//! Where one signal goes, as the `OTEL_EXPORTER_OTLP_*` variables say together (OTLP exporter specification).

use std::{borrow::Cow, time::Duration};

use belvedere_core::{
    Secret,
    config::{ConfigError, Problems},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use crate::{OtelConfig, config::OtlpOverrides};

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
}

impl Signal {
    pub(crate) const fn grpc_path(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        }
    }

    /// Below a general endpoint.
    const fn http_path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
        }
    }

    /// As in `OTEL_TRACES_EXPORTER`.
    const fn name(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
        }
    }

    /// The general variable, or the signal's own.
    fn variable(self, is_own: bool, what: &str) -> String {
        if is_own {
            format!("OTEL_EXPORTER_OTLP_{}_{what}", self.name())
        } else {
            format!("OTEL_EXPORTER_OTLP_{what}")
        }
    }

    fn exporter(self, config: &OtelConfig) -> Option<&str> {
        match self {
            Self::Traces => config.traces_exporter.as_deref(),
        }
    }

    fn overrides(self, config: &OtelConfig) -> OtlpOverrides<'_> {
        match self {
            Self::Traces => config.traces_overrides(),
        }
    }
}

/// How it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    Http,
}

impl Protocol {
    const fn default_endpoint(self) -> &'static str {
        match self {
            Self::Grpc => "http://127.0.0.1:4317",
            Self::Http => "http://127.0.0.1:4318",
        }
    }
}

/// A back end for one signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) signal: Signal,
    pub(crate) protocol: Protocol,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) gzip: bool,
    pub(crate) timeout: Duration,
    /// The variable that has named the address.
    pub(crate) variable: String,
}

/// Where a signal goes, or why it goes nowhere.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    Off(String),
    To(Box<Target>),
}

impl Destination {
    /// What the variables say of `signal`, with every problem at once.
    pub(crate) fn of(signal: Signal, config: &OtelConfig) -> Result<Self, ConfigError> {
        if config.sdk_disabled {
            return Ok(Self::off("OTEL_SDK_DISABLED is true"));
        }
        let variable = format!("OTEL_{}_EXPORTER", signal.name());
        let wanted = match signal.exporter(config) {
            None => false,
            Some("otlp") => true,
            Some("none") => return Ok(Self::Off(format!("{variable} is none"))),
            Some(other) => {
                let message = format!("{other:?} is not valid: known are otlp and none");
                return Err(ConfigError::new(&variable, message));
            }
        };
        Target::of(signal, config, wanted)
    }

    fn off(why: &str) -> Self {
        Self::Off(why.to_owned())
    }

    /// For `telemetry_configured`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Off(why) => format!("off: {why}"),
            Self::To(target) => {
                let protocol = match target.protocol {
                    Protocol::Grpc => "grpc",
                    Protocol::Http => "http",
                };
                format!("on: otlp/{protocol} to {}", target.url)
            }
        }
    }
}

impl Target {
    fn of(signal: Signal, config: &OtelConfig, wanted: bool) -> Result<Destination, ConfigError> {
        let own = signal.overrides(config);
        let mut problems = Problems::default();
        let given = own.protocol.unwrap_or(&config.exporter_otlp_protocol);
        let variable = signal.variable(own.protocol.is_some(), "PROTOCOL");
        let protocol = problems.take(protocol(&variable, given));
        let given = own.headers.or(config.exporter_otlp_headers.as_ref());
        let variable = signal.variable(own.headers.is_some(), "HEADERS");
        let headers = problems.take(headers(&variable, given));
        let general = config.exporter_otlp_compression.as_deref();
        let variable = signal.variable(own.compression.is_some(), "COMPRESSION");
        let gzip = problems.take(gzip(&variable, own.compression.or(general)));
        let (Some(protocol), Some(headers), Some(gzip)) = (protocol, headers, gzip) else {
            return Err(problems.into());
        };
        let Some(url) = url(signal, config, protocol, wanted) else {
            return Ok(Destination::off("no OTEL_EXPORTER_OTLP_ENDPOINT"));
        };
        let timeout = own.timeout.unwrap_or(config.exporter_otlp_timeout);
        Ok(Destination::To(Box::new(Self {
            signal,
            protocol,
            url,
            headers,
            gzip,
            timeout: Duration::from_millis(timeout),
            variable: signal.variable(own.endpoint.is_some(), "ENDPOINT"),
        })))
    }
}

/// A signal's own end point is used as it is; over HTTP, a general one gets a path below it.
fn url(signal: Signal, config: &OtelConfig, protocol: Protocol, wanted: bool) -> Option<String> {
    if let Some(own) = signal.overrides(config).endpoint {
        return Some(own.to_owned());
    }
    let default = wanted.then(|| protocol.default_endpoint());
    let general = config.exporter_otlp_endpoint.as_deref().or(default)?;
    Some(below(general, protocol, signal))
}

fn below(base: &str, protocol: Protocol, signal: Signal) -> String {
    match protocol {
        Protocol::Grpc => base.to_owned(),
        Protocol::Http => format!("{}{}", base.trim_end_matches('/'), signal.http_path()),
    }
}

fn protocol(variable: &str, name: &str) -> Result<Protocol, ConfigError> {
    match name {
        "grpc" => Ok(Protocol::Grpc),
        "http/protobuf" => Ok(Protocol::Http),
        other => {
            let message = format!("{other:?} is not valid: known are grpc and http/protobuf");
            Err(ConfigError::new(variable, message))
        }
    }
}

fn gzip(variable: &str, name: Option<&str>) -> Result<bool, ConfigError> {
    match name {
        None | Some("none") => Ok(false),
        Some("gzip") => Ok(true),
        Some(other) => {
            let message = format!("{other:?} is not valid: known are gzip and none");
            Err(ConfigError::new(variable, message))
        }
    }
}

/// `name=value,name=value`, values percent-encoded as in W3C Baggage. No message shows a value: they are keys of accounts.
fn headers(variable: &str, given: Option<&Secret>) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    let pairs = given.map_or("", Secret::expose).split(',');
    for (index, pair) in pairs.map(str::trim).enumerate() {
        if pair.is_empty() {
            continue;
        }
        let Some((name, value)) = header(pair) else {
            let message = format!("header {} is not valid: it is name=value", index + 1);
            return Err(ConfigError::new(variable, message));
        };
        headers.insert(name, value);
    }
    Ok(headers)
}

fn header(pair: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = pair.split_once('=')?;
    let value: Cow<'_, [u8]> = percent_decode_str(value.trim()).into();
    let mut value = HeaderValue::from_bytes(&value).ok()?;
    value.set_sensitive(true);
    Some((name.trim().to_ascii_lowercase().parse().ok()?, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(change: impl FnOnce(&mut OtelConfig)) -> Result<Destination, ConfigError> {
        let mut config = OtelConfig::default();
        change(&mut config);
        Destination::of(Signal::Traces, &config)
    }

    fn target(change: impl FnOnce(&mut OtelConfig)) -> Target {
        match destination(change).unwrap() {
            Destination::To(target) => *target,
            Destination::Off(why) => panic!("off: {why}"),
        }
    }

    fn is_off(change: impl FnOnce(&mut OtelConfig)) -> bool {
        matches!(destination(change), Ok(Destination::Off(_)))
    }

    fn url(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn without_an_end_point_nothing_is_sent_unless_it_was_asked_for() {
        assert!(is_off(|_| {}));
        assert!(is_off(|c| {
            c.exporter_otlp_endpoint = url("http://c:4317");
            c.sdk_disabled = true;
        }));
        assert!(is_off(|c| {
            c.exporter_otlp_endpoint = url("http://c:4317");
            c.traces_exporter = Some("none".to_owned());
        }));
        let asked = target(|c| c.traces_exporter = Some("otlp".to_owned()));
        assert_eq!(asked.url, "http://127.0.0.1:4317");
    }

    #[test]
    fn a_general_end_point_gets_a_path_over_http_and_an_own_one_is_used_as_it_is() {
        let general = target(|c| {
            c.exporter_otlp_endpoint = url("http://c:4318/");
            c.exporter_otlp_protocol = "http/protobuf".to_owned();
        });
        assert_eq!(general.url, "http://c:4318/v1/traces");
        let own = target(|c| {
            c.exporter_otlp_endpoint = url("http://c:4317");
            c.exporter_otlp_traces_endpoint = url("http://traces:4318/otlp");
            c.exporter_otlp_traces_protocol = Some("http/protobuf".to_owned());
        });
        assert_eq!(own.url, "http://traces:4318/otlp");
        assert_eq!(own.protocol, Protocol::Http);
    }

    #[test]
    fn headers_compression_and_timeout_may_be_a_signals_own() {
        let target = target(|c| {
            c.exporter_otlp_endpoint = url("http://c:4317");
            c.exporter_otlp_headers = Some("x-general=1".into());
            c.exporter_otlp_traces_headers = Some("Api-Key = a%20b , x-team=core".into());
            c.exporter_otlp_compression = Some("gzip".to_owned());
            c.exporter_otlp_traces_timeout = Some(250);
        });
        assert_eq!(target.headers["api-key"], "a b");
        assert_eq!(target.headers["x-team"], "core");
        assert_eq!(target.headers.len(), 2);
        assert!(target.headers["api-key"].is_sensitive());
        assert!(target.gzip);
        assert_eq!(target.timeout, Duration::from_millis(250));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_and_no_header_shows_its_value() {
        let error = destination(|c| {
            c.exporter_otlp_endpoint = url("http://c:4317");
            c.exporter_otlp_traces_protocol = Some("http/json".to_owned());
            c.exporter_otlp_headers = Some("a=1,hunter2".into());
            c.exporter_otlp_compression = Some("zstd".to_owned());
        });
        let error = error.unwrap_err();
        let places: Vec<_> = error
            .problems
            .iter()
            .map(|problem| &*problem.place)
            .collect();
        let expected = [
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
            "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_EXPORTER_OTLP_COMPRESSION",
        ];
        assert_eq!(places, expected);
        let text = error.to_string();
        assert!(
            text.contains("header 2") && !text.contains("hunter2"),
            "{text}"
        );
    }
}
