//! The Prometheus recorder behind the `metrics` facade.

use std::{thread, time::Duration};

use belvedere_core::{
    About,
    names::{buckets, metric},
};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// How often histogram samples are folded into their buckets when nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// Everything measured so far. Cheap to clone; empty when metrics are off.
#[derive(Debug, Clone)]
pub struct Metrics(Option<PrometheusHandle>);

impl Metrics {
    /// Makes every measurement a no-op.
    pub(crate) const fn off() -> Self {
        Self(None)
    }

    /// Installs the recorder for the whole process.
    pub(crate) fn install(about: About) -> Result<Self, MetricsError> {
        let recorder = builder()?.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|_| MetricsError::AlreadyInstalled)?;
        describe();
        tell_build(about);
        keep_up(handle.clone())?;
        Ok(Self(Some(handle)))
    }

    /// The text exposition format, version 0.0.4.
    pub fn render(&self) -> String {
        self.0
            .as_ref()
            .map(PrometheusHandle::render)
            .unwrap_or_default()
    }
}

/// The recorder could not be installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// There is one already.
    #[error("the process has a metrics recorder already")]
    AlreadyInstalled,
    /// The bucket lists are constants, so this is a mistake of ours.
    #[error("histogram buckets")]
    Buckets(#[from] BuildError),
    /// No thread for the upkeep.
    #[error("the metrics thread did not start")]
    Thread(#[from] std::io::Error),
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets(&buckets::HTTP_SECONDS)?
        .set_buckets_for_metric(
            Matcher::Suffix("_size_bytes".to_owned()),
            &buckets::SIZE_BYTES,
        )?
        .set_buckets_for_metric(
            Matcher::Full(metric::DB_OPERATION_DURATION.to_owned()),
            &buckets::DB_SECONDS,
        )
}

fn tell_build(about: About) {
    metrics::gauge!(
        metric::BUILD_INFO,
        "version" => about.version,
        "commit" => about.commit.unwrap_or("unknown"),
        "rustc" => about.rustc
    )
    .set(1.0);
}

fn keep_up(handle: PrometheusHandle) -> std::io::Result<()> {
    let work = move || {
        loop {
            thread::sleep(UPKEEP);
            handle.run_upkeep();
        }
    };
    thread::Builder::new()
        .name("metrics-upkeep".to_owned())
        .spawn(work)
        .map(drop)
}

fn describe() {
    for (name, help) in COUNTERS {
        metrics::describe_counter!(name, help);
    }
    for (name, help) in GAUGES {
        metrics::describe_gauge!(name, help);
    }
    for (name, help) in HISTOGRAMS {
        metrics::describe_histogram!(name, help);
    }
}

const COUNTERS: [(&str, &str); 11] = [
    (
        metric::HTTP_REQUESTS,
        "Requests completed, by method, route template and status.",
    ),
    (
        metric::HTTP_CONNECTIONS_REJECTED,
        "Connections refused before a request head was parsed.",
    ),
    (
        metric::DB_ERRORS,
        "Statements that failed, by SQLSTATE or class.",
    ),
    (
        metric::DB_CONNECTION_TIMEOUTS,
        "Waits for a connection that were given up.",
    ),
    (
        metric::SLOW_QUERIES,
        "Statements slower than DATABASE__SLOW_QUERY_MS.",
    ),
    (metric::CACHE_REQUESTS, "Look-ups in a cache, by result."),
    (metric::PANICS, "Panics caught, by place."),
    (metric::LOG_EVENTS, "Log lines written, by level."),
    (
        metric::TELEMETRY_DROPPED,
        "Records lost on their way out, by signal and reason.",
    ),
    (
        metric::METRICS_LABEL_OVERFLOW,
        "Label sets past a metric's budget, told as _overflow.",
    ),
    (
        metric::SLO_REQUESTS,
        "Requests answered, by whether they were good by the service's objectives.",
    ),
];

const GAUGES: [(&str, &str); 9] = [
    (
        metric::HTTP_REQUESTS_ACTIVE,
        "Requests accepted and not yet completed.",
    ),
    (
        metric::ACTIVE_DATABASE_CONNECTIONS,
        "Connections to the database that are open.",
    ),
    (
        metric::DB_CONNECTION_COUNT,
        "Connections of the pool, used or idle.",
    ),
    (
        metric::DB_CONNECTION_MAX,
        "Connections that the pool may open.",
    ),
    (
        metric::DB_CONNECTION_PENDING,
        "Statements that wait for a connection.",
    ),
    (
        metric::DEPENDENCY_UP,
        "1 while the dependency's last check passed.",
    ),
    (metric::SERVICE_READY, "1 while /health/ready answers 200."),
    (
        metric::SLO_OBJECTIVE,
        "Share of requests that has to be good.",
    ),
    (metric::BUILD_INFO, "1; the labels say what is running."),
];

const HISTOGRAMS: [(&str, &str); 6] = [
    (
        metric::HTTP_REQUEST_DURATION,
        "From the parsed head to the end of the response body, in seconds.",
    ),
    (
        metric::HTTP_REQUEST_SIZE,
        "Request bodies, declared or as read, in bytes.",
    ),
    (
        metric::HTTP_RESPONSE_SIZE,
        "Response bodies, as handed to the connection, in bytes.",
    ),
    (
        metric::HTTP_CLIENT_DURATION,
        "Calls to named upstreams, in seconds.",
    ),
    (
        metric::DB_OPERATION_DURATION,
        "Statements, from their start to their last row, in seconds.",
    ),
    (
        metric::DB_CONNECTION_WAIT_TIME,
        "Waits for a connection of the pool, in seconds.",
    ),
];
