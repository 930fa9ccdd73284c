use std::time::Duration;

use belvedere_sql::{DatabaseConfig, Db};
use futures_util::StreamExt;
use sqlx::Sqlite;

use crate::helpers::{capture_log, config, insert, metrics, sqlite, value, with_orders};

async fn with_slow_query_ms(slow_query_ms: u64) -> Db<Sqlite> {
    let config = DatabaseConfig {
        slow_query_ms,
        ..config("sqlite::memory:")
    };
    with_orders(Db::connect(&config, Duration::ZERO).await.unwrap()).await
}

#[tokio::test]
async fn a_slow_query_is_logged_and_counted_without_its_values() {
    let (log, metrics) = (capture_log(), metrics());
    let db = with_slow_query_ms(0).await;
    insert(&db, &["a secret"]).await;
    let query = "SELECT id\n     FROM orders WHERE product <> 'another secret'";
    sqlx::query(query).fetch_all(&db).await.unwrap();

    let lines = log.lines("slow_query");
    let line = lines.last().unwrap();
    assert!(line.starts_with("WARN "), "{line}");
    for part in [
        r#" query="SELECT id FROM orders WHERE product <> ?""#,
        r#" operation="SELECT""#,
        r#" collection="orders""#,
        " rows=1",
        " duration_ms=",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!lines.concat().contains("secret"));
    let counter = r#"slow_queries_total{db_system_name="sqlite",db_operation_name="SELECT"}"#;
    assert_eq!(value(&metrics, counter), Some(1.0));
}

#[tokio::test]
async fn a_quick_query_is_not_logged() {
    let log = capture_log();
    let db = sqlite().await;
    insert(&db, &["keep"]).await;
    assert!(log.lines("slow_query").is_empty());
    assert!(log.lines("INSERT").is_empty(), "sqlx's own log is off");
}

#[tokio::test]
async fn a_slow_reader_makes_no_slow_query() {
    let log = capture_log();
    let db = with_slow_query_ms(100).await;
    insert(&db, &["keep", "spire"]).await;
    let mut rows = sqlx::query("SELECT id FROM orders").fetch(&db);
    while let Some(row) = rows.next().await {
        row.unwrap();
        tokio::time::sleep(Duration::from_millis(80)).await;
    }
    assert!(log.lines("slow_query").is_empty());
}
