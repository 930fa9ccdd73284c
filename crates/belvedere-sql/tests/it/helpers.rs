//! A database, a request around it, and what both leave behind.

use std::time::Duration;

use belvedere_core::config::Seconds;
use belvedere_sql::{Backend, DatabaseConfig, Db};
use belvedere_testing::{CapturedLog, CapturedRequest, CapturedSpan, value_of};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sqlx::Sqlite;

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

pub(crate) fn attribute(span: &CapturedSpan, key: &str) -> Option<String> {
    span.get(key).map(str::to_owned)
}

pub(crate) fn metrics() -> PrometheusHandle {
    PrometheusBuilder::new().install_recorder().unwrap()
}

/// The value of the series that begins with `series`.
pub(crate) fn value(metrics: &PrometheusHandle, series: &str) -> Option<f64> {
    value_of(&metrics.render(), series)
}

pub(crate) fn capture_log() -> CapturedLog {
    CapturedLog::start().unwrap()
}

pub(crate) fn only_span(request: &CapturedRequest) -> CapturedSpan {
    let mut spans = request.spans();
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.remove(0)
}

pub(crate) fn names(request: &CapturedRequest) -> Vec<String> {
    let spans = request.spans();
    spans.iter().map(|span| span.name.clone()).collect()
}
