use belvedere_core::{
    About,
    config::{ConfigError, Problems},
    trace::Sampler,
};

use crate::{
    TelemetryConfig,
    levels::Levels,
    otlp::{Destination, Signal},
    resource::Resource,
    traces::{Route, elastic, sampler},
};

/// Settings that are more than their type says.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) traces: Destination,
    pub(crate) elastic: Destination,
    pub(crate) elastic_ratio: f64,
    pub(crate) logs: Destination,
    pub(crate) metrics: Destination,
    pub(crate) sampler: Sampler,
    pub(crate) levels: Levels,
    pub(crate) resource: Resource,
}

impl Checked {
    /// Every problem at once.
    pub(crate) fn of(
        config: &TelemetryConfig,
        about: About,
        environment: &str,
    ) -> Result<Self, ConfigError> {
        let mut problems = Problems::default();
        let traces = problems.take(Destination::of(Signal::Traces, &config.otel));
        let logs = problems.take(Destination::of(Signal::Logs, &config.otel));
        let metrics = problems.take(if config.prometheus.is_enabled {
            Destination::of(Signal::Metrics, &config.otel)
        } else {
            Ok(Destination::off("PROMETHEUS__IS_ENABLED is false"))
        });
        let elastic = problems.take(elastic::destination(config));
        let elastic_ratio = problems.take(elastic::ratio(config));
        let sampler = problems.take(sampler(&config.otel, environment));
        let levels = problems.take(Levels::parse(&config.log.level, config.log.wire));
        let resource = problems.take(Resource::of(config, about, environment));
        let all = || {
            Some(Self {
                traces: traces?,
                elastic: elastic?,
                elastic_ratio: elastic_ratio?,
                logs: logs?,
                metrics: metrics?,
                sampler: sampler?,
                levels: levels?,
                resource: resource?,
            })
        };
        all().ok_or_else(|| problems.into())
    }

    /// Where spans go.
    pub(crate) fn routes(&self, config: &TelemetryConfig) -> Vec<Route> {
        let elastic_name = config.elastic_apm.service_name.as_deref();
        let resource = self.resource.clone();
        let elastic = match elastic_name {
            Some(name) => resource.named(name),
            None => resource,
        };
        let all = [
            (&self.traces, self.resource.clone(), self.sampler.ratio()),
            (&self.elastic, elastic, self.elastic_ratio),
        ];
        let all = all.into_iter();
        all.filter_map(|(destination, resource, ratio)| {
            let target = destination.target()?.clone();
            Some(Route {
                target,
                resource,
                ratio,
            })
        })
        .collect()
    }
}
