//! Elastic APM, which takes OTLP: one more back end of traces.

use std::time::Duration;

use belvedere_core::{Secret, config::ConfigError};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

use crate::{
    TelemetryConfig,
    otlp::{Destination, Protocol, Signal, Target},
};

const SERVER_URL: &str = "ELASTIC_APM__SERVER_URL";

/// Where `ELASTIC_APM__*` sends traces.
pub(crate) fn destination(config: &TelemetryConfig) -> Result<Destination, ConfigError> {
    let elastic = &config.elastic_apm;
    if !elastic.is_enabled {
        return Ok(Destination::off("ELASTIC_APM__IS_ENABLED is false"));
    }
    if config.otel.sdk_disabled {
        return Ok(Destination::off("OTEL_SDK_DISABLED is true"));
    }
    let Some(server) = &elastic.server_url else {
        let message = "is not set, and ELASTIC_APM__IS_ENABLED is true";
        return Err(ConfigError::new(SERVER_URL, message));
    };
    let timeout = Duration::from_millis(config.otel.exporter_otlp_timeout);
    Ok(Destination::To(Box::new(Target {
        signal: Signal::Traces,
        protocol: Protocol::Http,
        url: Protocol::Http.below(server.expose(), Signal::Traces),
        headers: headers(elastic.secret_token.as_ref())?,
        gzip: true,
        timeout,
        certificate: None,
        variable: SERVER_URL.to_owned(),
    })))
}

/// The share of traces that it gets.
pub(crate) fn ratio(config: &TelemetryConfig) -> Result<f64, ConfigError> {
    let ratio = config.elastic_apm.transaction_sample_rate;
    if (0.0..=1.0).contains(&ratio) {
        return Ok(ratio);
    }
    let message = format!("{ratio} is not valid: a ratio is between 0 and 1");
    Err(ConfigError::new(
        "ELASTIC_APM__TRANSACTION_SAMPLE_RATE",
        message,
    ))
}

fn headers(token: Option<&Secret>) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    if let Some(token) = token {
        let value = HeaderValue::try_from(format!("Bearer {}", token.expose()));
        let mut value = value.map_err(|_| {
            ConfigError::new(
                "ELASTIC_APM__SECRET_TOKEN",
                "is not valid: it fits no header",
            )
        })?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enabled() -> TelemetryConfig {
        let mut config = TelemetryConfig::default();
        config.elastic_apm.is_enabled = true;
        config.elastic_apm.server_url = Some("https://apm.example/".into());
        config
    }

    #[test]
    fn it_is_one_more_back_end_over_http_with_its_token() {
        let mut config = enabled();
        config.elastic_apm.secret_token = Some("hunter2".into());
        let Ok(Destination::To(target)) = destination(&config) else {
            panic!("it is off");
        };
        assert_eq!(target.url, "https://apm.example/v1/traces");
        assert_eq!(target.headers[AUTHORIZATION], "Bearer hunter2");
        assert!(target.headers[AUTHORIZATION].is_sensitive());
    }

    #[test]
    fn it_is_off_by_default_and_with_the_sdk() {
        let mut config = enabled();
        config.otel.sdk_disabled = true;
        for config in [TelemetryConfig::default(), config] {
            assert!(matches!(destination(&config), Ok(Destination::Off(_))));
        }
    }

    #[test]
    fn what_cannot_be_is_told_with_its_variable_and_without_its_value() {
        let mut config = enabled();
        config.elastic_apm.server_url = None;
        let error = destination(&config).unwrap_err();
        assert_eq!(error.problems[0].place, SERVER_URL);
        config = enabled();
        config.elastic_apm.secret_token = Some("hunter\n2".into());
        let error = destination(&config).unwrap_err();
        assert!(!error.to_string().contains("hunter"), "{error}");
        config.elastic_apm.transaction_sample_rate = 1.5;
        assert!(ratio(&config).is_err());
    }
}
