//! A Redis, a request around it, and what both leave behind.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use belvedere_core::{
    NewRequest, RequestContext,
    context::Route,
    trace::{Sampler, Tracer},
};
use belvedere_redis::{Redis, RedisConfig};
use belvedere_testing::{CapturedSpan, CapturedSpans};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::time;
use tracing::{Event, Subscriber, field::Visit};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};

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

/// A sampled request that captures its spans.
pub(crate) struct Request {
    pub(crate) context: Arc<RequestContext>,
    spans: CapturedSpans,
}

impl Request {
    pub(crate) fn new() -> Self {
        let spans = CapturedSpans::default();
        let sampler = Sampler::new(1.0, true);
        let tracer = Tracer::new(Arc::new(spans.clone()), sampler, Duration::MAX);
        Self {
            context: NewRequest::new(&Route::new("GET", "/"), "/").begin(&tracer),
            spans,
        }
    }

    pub(crate) async fn run<F: Future>(&self, work: F) -> F::Output {
        self.context.clone().scope(work).await
    }

    pub(crate) fn spans(&self) -> Vec<CapturedSpan> {
        self.spans.take()
    }
}

pub(crate) fn metrics() -> PrometheusHandle {
    PrometheusBuilder::new().install_recorder().unwrap()
}

/// `cache_requests_total` of the cache `orders`.
pub(crate) fn counted(metrics: &PrometheusHandle, result: &str) -> String {
    let series = format!("cache_requests_total{{cache=\"orders\",result=\"{result}\"}} ");
    value(metrics, &series).unwrap_or_else(|| "none".to_owned())
}

/// The value of the series that is `series`.
pub(crate) fn value(metrics: &PrometheusHandle, series: &str) -> Option<String> {
    let text = metrics.render();
    let value = text.lines().find_map(|line| line.strip_prefix(series));
    value.map(|value| value.trim().to_owned())
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

/// Keeps events as `LEVEL message key=value ...`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn capture() -> Self {
        let log = Self::default();
        let subscriber = tracing_subscriber::registry().with(log.clone());
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    }

    /// The lines with that message.
    pub(crate) fn lines(&self, message: &str) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        let wanted = lines.iter().filter(|line| line.contains(message));
        wanted.cloned().collect()
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!(" {field}={value:?}"));
    }
}
