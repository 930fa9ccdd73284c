//! A Redis, a request around it, and what both leave behind.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use belvedere_redis::{Redis, RedisConfig};
use belvedere_testing::{CapturedLog, value_of};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::time;

pub(crate) fn config(url: &str) -> RedisConfig {
    RedisConfig {
        url: Some(url.into()),
        ..RedisConfig::default()
    }
}

pub(crate) async fn connect(url: &str) -> Redis {
    let connected = Redis::connect(&config(url), "shop", Duration::from_secs(5)).await;
    connected.unwrap().expect("there is a url")
}

/// Counts its calls, takes a moment, and answers with the number of the call.
#[derive(Default)]
pub(crate) struct Source {
    calls: AtomicU32,
}

impl Source {
    pub(crate) async fn load(&self) -> Result<u32, String> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        time::sleep(Duration::from_millis(20)).await;
        Ok(call)
    }

    pub(crate) async fn fail(&self) -> Result<u32, String> {
        let call = self.load().await?;
        Err(format!("call {call}"))
    }

    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

pub(crate) fn metrics() -> PrometheusHandle {
    PrometheusBuilder::new().install_recorder().unwrap()
}

/// `cache_requests_total` of the cache `orders`.
pub(crate) fn counted(metrics: &PrometheusHandle, result: &str) -> Option<f64> {
    let series = format!("cache_requests_total{{cache=\"orders\",result=\"{result}\"}} ");
    value(metrics, &series)
}

/// The value of the series that begins with `series`.
pub(crate) fn value(metrics: &PrometheusHandle, series: &str) -> Option<f64> {
    value_of(&metrics.render(), series)
}

/// Asks until it is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) -> Duration {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        time::sleep(Duration::from_millis(10)).await;
    }
    began.elapsed()
}

pub(crate) fn capture_log() -> CapturedLog {
    CapturedLog::start().unwrap()
}
