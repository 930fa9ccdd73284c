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
        metrics::gauge!(metric::BUILD_INFO, "version" => about.version).set(1.0);
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
    metrics::describe_counter!(
        metric::HTTP_REQUESTS,
        "Requests completed, by method, route template and status."
    );
    metrics::describe_histogram!(
        metric::HTTP_REQUEST_DURATION,
        "From the parsed head to the end of the response body, in seconds."
    );
    metrics::describe_histogram!(
        metric::HTTP_REQUEST_SIZE,
        "Bytes of request bodies, as read by the service."
    );
    metrics::describe_histogram!(
        metric::HTTP_RESPONSE_SIZE,
        "Bytes of response bodies, as handed to the connection."
    );
    metrics::describe_gauge!(
        metric::HTTP_REQUESTS_ACTIVE,
        "Requests accepted and not yet completed."
    );
    metrics::describe_counter!(
        metric::HTTP_CONNECTIONS_REJECTED,
        "Connections refused before a request head was parsed."
    );
    metrics::describe_histogram!(
        metric::HTTP_CLIENT_DURATION,
        "Calls to named upstreams, in seconds."
    );
    metrics::describe_histogram!(
        metric::DB_OPERATION_DURATION,
        "Statements, from their start to their last row, in seconds."
    );
    metrics::describe_counter!(
        metric::DB_ERRORS,
        "Statements that failed, by SQLSTATE or class."
    );
    metrics::describe_counter!(
        metric::SLOW_QUERIES,
        "Statements slower than DATABASE__SLOW_QUERY_MS."
    );
    metrics::describe_gauge!(
        metric::ACTIVE_DATABASE_CONNECTIONS,
        "Connections of the pool that are in use."
    );
    metrics::describe_counter!(metric::CACHE_REQUESTS, "Look-ups in a cache, by result.");
    metrics::describe_gauge!(
        metric::DEPENDENCY_UP,
        "1 while the dependency's last check passed."
    );
    metrics::describe_gauge!(metric::SERVICE_READY, "1 while /health/ready answers 200.");
    metrics::describe_counter!(metric::PANICS, "Panics caught, by place.");
    metrics::describe_counter!(metric::LOG_EVENTS, "Log lines written, by level.");
    metrics::describe_counter!(
        metric::TELEMETRY_DROPPED,
        "Records lost on their way out, by signal and reason."
    );
    metrics::describe_gauge!(metric::BUILD_INFO, "1; the labels say what is running.");
}
