//! A database, a request around it, and what both leave behind.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use belvedere_core::{
    NewRequest, RequestContext,
    config::Seconds,
    context::Route,
    trace::{Sampler, Tracer},
};
use belvedere_sql::{Backend, DatabaseConfig, Db};
use belvedere_testing::{CapturedSpan, CapturedSpans};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sqlx::Sqlite;
use tracing::{Event, Subscriber, field::Visit};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};

pub(crate) fn config(url: &str) -> DatabaseConfig {
    DatabaseConfig {
        url: Some(url.into()),
        ..DatabaseConfig::default()
    }
}

pub(crate) async fn connect<DB: Backend>(url: &str) -> Db<DB> {
    open(&config(url)).await
}

pub(crate) async fn open<DB: Backend>(config: &DatabaseConfig) -> Db<DB> {
    let connected = Db::connect(config, Duration::from_secs(5)).await;
    connected.expect("the database is there")
}

/// Connected to a database in memory whose one connection is waited for no longer than a second.
pub(crate) async fn hasty() -> Db<Sqlite> {
    let config = DatabaseConfig {
        acquire_timeout_seconds: Seconds::new(1),
        ..config("sqlite::memory:")
    };
    Db::connect(&config, Duration::ZERO).await.unwrap()
}

/// In memory, with a table `orders (id, product UNIQUE)`.
pub(crate) async fn sqlite() -> Db<Sqlite> {
    with_orders(connect("sqlite::memory:").await).await
}

pub(crate) async fn with_orders(db: Db<Sqlite>) -> Db<Sqlite> {
    let table = "CREATE TABLE orders (id INTEGER PRIMARY KEY, product TEXT UNIQUE)";
    sqlx::query(table).execute(&db).await.unwrap();
    db
}

pub(crate) async fn insert(db: &Db<Sqlite>, products: &[&str]) {
    for product in products {
        let query = sqlx::query("INSERT INTO orders (product) VALUES (?)");
        query.bind(*product).execute(db).await.unwrap();
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
        let tracer = Tracer::new(
            Arc::new(spans.clone()),
            Sampler::new(1.0, true),
            Duration::MAX,
        );
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

    pub(crate) fn names(&self) -> Vec<String> {
        let spans = self.spans();
        spans.iter().map(|span| span.name.clone()).collect()
    }

    pub(crate) fn only_span(&self) -> CapturedSpan {
        let mut spans = self.spans();
        assert_eq!(spans.len(), 1, "{spans:?}");
        spans.remove(0)
    }
}

pub(crate) fn attribute(span: &CapturedSpan, key: &str) -> Option<String> {
    span.get(key).map(str::to_owned)
}

pub(crate) fn metrics() -> PrometheusHandle {
    PrometheusBuilder::new().install_recorder().unwrap()
}

/// The value of the series that begins with `series`.
pub(crate) fn value(metrics: &PrometheusHandle, series: &str) -> Option<f64> {
    let text = metrics.render();
    let line = text.lines().find(|line| line.starts_with(series))?;
    line.rsplit(' ').next()?.parse().ok()
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
