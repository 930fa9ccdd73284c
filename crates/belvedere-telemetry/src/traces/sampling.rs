use belvedere_core::{
    config::ConfigError,
    trace::{Sampler, Tracer},
};
use opentelemetry::{
    Context, KeyValue, TraceId,
    trace::{Link, SpanKind, TraceContextExt},
};
use opentelemetry_sdk::trace::{Sampler as SdkSampler, SamplingResult, ShouldSample};

use crate::OtelConfig;

/// Every trace of a service under development is worth a look.
const DEVELOPMENT_RATIO: f64 = 1.0;
/// Enough to see the usual; failures and slow requests are kept anyway.
const DEFAULT_RATIO: f64 = 0.1;

/// The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` name.
pub(crate) fn sampler(config: &OtelConfig, environment: &str) -> Result<Sampler, ConfigError> {
    let name = config.traces_sampler.as_str();
    let (follow_parent, base) = match name.strip_prefix("parentbased_") {
        Some(base) => (true, base),
        None => (false, name),
    };
    let ratio = match base {
        "always_on" => 1.0,
        "always_off" => 0.0,
        "traceidratio" => ratio(config, environment)?,
        _ => return Err(unknown(name)),
    };
    Ok(Sampler::new(ratio, follow_parent))
}

/// Decides for users' spans. Those of a request follow its verdict; one that begins a trace of its own, in a task that
/// belongs to no request, is drawn by the same ratio.
#[derive(Debug, Clone)]
pub(super) struct FollowRequest(pub(super) Tracer);

impl ShouldSample for FollowRequest {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let above = parent.filter(|parent| parent.has_active_span());
        let sampler = match above.map(|parent| parent.span().span_context().is_sampled()) {
            Some(true) => SdkSampler::AlwaysOn,
            Some(false) => SdkSampler::AlwaysOff,
            None => SdkSampler::TraceIdRatioBased(self.0.sampler().ratio()),
        };
        sampler.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}

fn ratio(config: &OtelConfig, environment: &str) -> Result<f64, ConfigError> {
    let default = if environment == "development" {
        DEVELOPMENT_RATIO
    } else {
        DEFAULT_RATIO
    };
    let ratio = config.traces_sampler_arg.unwrap_or(default);
    if (0.0..=1.0).contains(&ratio) {
        return Ok(ratio);
    }
    let message = format!("{ratio} is not valid: a ratio is between 0 and 1");
    Err(ConfigError::new("OTEL_TRACES_SAMPLER_ARG", message))
}

fn unknown(name: &str) -> ConfigError {
    let known = "always_on, always_off, traceidratio, or any of them after parentbased_";
    ConfigError::new(
        "OTEL_TRACES_SAMPLER",
        format!("{name:?} is not valid: known are {known}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(sampler: &str, arg: Option<f64>) -> OtelConfig {
        OtelConfig {
            traces_sampler: sampler.to_owned(),
            traces_sampler_arg: arg,
            ..OtelConfig::default()
        }
    }

    #[test]
    fn a_name_and_an_argument_make_a_sampler() {
        for (name, arg, environment, wanted) in [
            ("always_on", Some(0.2), "production", 1.0),
            ("parentbased_always_off", None, "production", 0.0),
            ("traceidratio", Some(0.25), "production", 0.25),
            ("parentbased_traceidratio", None, "production", 0.1),
            ("parentbased_traceidratio", None, "development", 1.0),
        ] {
            let sampler = sampler(&config(name, arg), environment).unwrap();
            assert!((sampler.ratio() - wanted).abs() < 1e-9, "{name}");
            assert_eq!(sampler.follows_parent(), name.starts_with("parentbased_"));
        }
    }

    #[test]
    fn what_is_not_a_sampler_is_named() {
        for (name, arg) in [
            ("sometimes", None),
            ("traceidratio", Some(1.5)),
            ("traceidratio", Some(f64::NAN)),
        ] {
            assert!(sampler(&config(name, arg), "production").is_err(), "{name}");
        }
    }
}
