//! Where one signal goes, as the `OTEL_EXPORTER_OTLP_*` variables say together (OTLP exporter specification).

use std::{borrow::Cow, fs, path::Path, time::Duration};

use belvedere_core::{
    Redactor, Secret,
    config::{ConfigError, Problems},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use super::{Signal, exporters::Exporters, tls::certificates};
use crate::OtelConfig;

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

    /// The address of a signal below a general one.
    pub(crate) fn below(self, base: &str, signal: Signal) -> String {
        match self {
            Self::Grpc => base.to_owned(),
            Self::Http => format!("{}{}", base.trim_end_matches('/'), signal.http_path()),
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
    /// Certificates (PEM) that are trusted besides the usual ones.
    pub(crate) certificate: Option<Vec<u8>>,
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
        let asked = signal.exporter(config).unwrap_or_default();
        let wanted = match Exporters::of(signal, asked)? {
            Exporters::Unset if signal.is_sent_by_default() => false,
            Exporters::Otlp => true,
            others => return Ok(Self::Off(others.why_off(signal, asked))),
        };
        Target::of(signal, config, wanted)
    }

    pub(crate) fn off(why: &str) -> Self {
        Self::Off(why.to_owned())
    }

    pub(crate) fn target(&self) -> Option<&Target> {
        match self {
            Self::Off(_) => None,
            Self::To(target) => Some(target),
        }
    }

    /// For `telemetry_configured`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Off(why) => format!("off: {why}"),
            Self::To(target) => format!("on: {}", target.describe()),
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
        let given = own
            .certificate
            .or(config.exporter_otlp_certificate.as_deref());
        let variable = signal.variable(own.certificate.is_some(), "CERTIFICATE");
        let certificate = problems.take(certificate(&variable, given));
        let (Some(protocol), Some(headers), Some(gzip), Some(certificate)) =
            (protocol, headers, gzip, certificate)
        else {
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
            certificate,
            variable: signal.variable(own.endpoint.is_some(), "ENDPOINT"),
        })))
    }
}

impl Target {
    /// `otlp/grpc to http://127.0.0.1:4317`, whoever may read it.
    pub(crate) fn describe(&self) -> String {
        let protocol = match self.protocol {
            Protocol::Grpc => "grpc",
            Protocol::Http => "http",
        };
        format!("otlp/{protocol} to {}", self.shown_url())
    }

    pub(crate) fn shown_url(&self) -> String {
        Redactor::default().show("url", &self.url).into_owned()
    }
}

/// A signal's own end point is used as it is; over HTTP, a general one gets a path below it.
fn url(signal: Signal, config: &OtelConfig, protocol: Protocol, wanted: bool) -> Option<String> {
    if let Some(own) = signal.overrides(config).endpoint {
        return Some(own.to_owned());
    }
    let default = wanted.then(|| protocol.default_endpoint());
    let general = config.exporter_otlp_endpoint.as_deref().or(default)?;
    Some(protocol.below(general, signal))
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

fn certificate(variable: &str, file: Option<&Path>) -> Result<Option<Vec<u8>>, ConfigError> {
    let Some(file) = file else { return Ok(None) };
    let told = |what: String| {
        let message = format!("{} {what}", file.display());
        ConfigError::new(variable, message)
    };
    let pem = fs::read(file).map_err(|error| told(format!("cannot be read: {error}")))?;
    match certificates(&pem) {
        Ok(_) => Ok(Some(pem)),
        Err(error) => Err(told(format!("is not valid: {error}"))),
    }
}

/// `name=value,name=value`, values percent-encoded as in W3C Baggage. No message shows a value: they are keys of accounts.
fn headers(variable: &str, given: Option<&Secret>) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    let pairs = given.map_or("", |headers| headers.expose()).split(',');
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
mod tests;
