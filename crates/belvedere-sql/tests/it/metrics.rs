use std::time::Duration;

use belvedere_sql::Db;
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::Sqlite;

use crate::helpers::{hasty, insert, metrics, sqlite, value};

#[tokio::test]
async fn durations_and_errors_are_counted_by_shape() {
    let metrics = metrics();
    let db = sqlite().await;
    insert(&db, &["keep", "spire"]).await;
    let again = sqlx::query("INSERT INTO orders (product) VALUES ('keep')").execute(&db);
    assert!(again.await.is_err());

    let labels =
        r#"{db_system_name="sqlite",db_operation_name="INSERT",db_collection_name="orders"}"#;
    let series = format!("db_client_operation_duration_seconds_count{labels}");
    assert_eq!(value(&metrics, &series), Some(3.0));
    let errors =
        r#"db_client_errors_total{db_system_name="sqlite",error_type="SQLITE_CONSTRAINT"}"#;
    assert_eq!(value(&metrics, errors), Some(1.0));
}

#[tokio::test]
async fn a_cancelled_statement_is_counted() {
    let metrics = metrics();
    let db = sqlite().await;
    let held = db.begin().await.unwrap();
    let statement = sqlx::query("SELECT 1").execute(&db);
    assert!(
        tokio::time::timeout(Duration::from_millis(20), statement)
            .await
            .is_err()
    );
    drop(held);
    let errors = r#"db_client_errors_total{db_system_name="sqlite",error_type="cancelled"}"#;
    assert_eq!(value(&metrics, errors), Some(1.0));
    let pending = "db_client_connection_pending_requests";
    assert_eq!(value(&metrics, &format!("{pending}{{")), Some(0.0));
}

#[tokio::test]
async fn the_gauges_of_the_pool_follow_its_loans() {
    let metrics = metrics();
    let db = sqlite().await;
    let tx = db.begin().await.unwrap();
    assert_eq!(connections(&db, &metrics), (1.0, 0.0));
    tx.commit().await.unwrap();
    until_idle(&db, &metrics).await;
    assert_eq!(value(&metrics, "db_client_connection_max{"), Some(1.0));
    assert_eq!(
        value(&metrics, "db_client_connection_wait_time_seconds_count"),
        Some(2.0)
    );

    db.close().await;
    assert_eq!(connections(&db, &metrics), (0.0, 0.0));
    assert_eq!(value(&metrics, "active_database_connections "), Some(0.0));
}

/// SQLite cannot be told to stop.
#[tokio::test]
async fn a_connection_that_works_for_nobody_is_used() {
    let metrics = metrics();
    let db = sqlite().await;
    let long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT max(i) FROM n";
    let statement = sqlx::query(long).execute(&db);
    let limit = Duration::from_millis(20);
    assert!(tokio::time::timeout(limit, statement).await.is_err());
    assert_eq!(connections(&db, &metrics), (1.0, 0.0));
    until_idle(&db, &metrics).await;

    let mut by_hand = db.raw_pool().acquire().await.unwrap();
    assert_eq!(connections(&db, &metrics), (1.0, 0.0));
    by_hand.return_to_pool().await;
    assert_eq!(connections(&db, &metrics), (0.0, 1.0));
}

/// How many are used, and how many idle.
fn connections(db: &Db<Sqlite>, metrics: &PrometheusHandle) -> (f64, f64) {
    db.observe();
    let count = |state| {
        let series =
            format!(r#"db_client_connection_count{{db_system_name="sqlite",state="{state}"}}"#);
        value(metrics, &series).unwrap()
    };
    (count("used"), count("idle"))
}

/// A connection is looked after before it is idle.
async fn until_idle(db: &Db<Sqlite>, metrics: &PrometheusHandle) {
    let idle = async {
        while connections(db, metrics) != (0.0, 1.0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let idle = tokio::time::timeout(Duration::from_secs(30), idle).await;
    assert!(idle.is_ok(), "{:?}", connections(db, metrics));
}

#[tokio::test]
async fn counters_are_there_before_what_they_count() {
    let metrics = metrics();
    let _db = sqlite().await;
    for series in [
        r#"db_client_errors_total{db_system_name="sqlite",error_type="pool_timeout"}"#,
        r#"db_client_errors_total{db_system_name="sqlite",error_type="timeout"}"#,
        r#"slow_queries_total{db_system_name="sqlite",db_operation_name="SELECT"}"#,
        r#"db_client_connection_timeouts_total{db_system_name="sqlite"}"#,
    ] {
        assert_eq!(value(&metrics, series), Some(0.0), "{series}");
    }
}

#[tokio::test]
async fn a_caller_that_waits_in_vain_is_counted() {
    let metrics = metrics();
    let db = hasty().await;
    let held = db.begin().await.unwrap();
    assert!(sqlx::query("SELECT 1").execute(&db).await.is_err());
    assert_eq!(
        value(&metrics, "db_client_connection_timeouts_total{"),
        Some(1.0)
    );
    let errors = r#"db_client_errors_total{db_system_name="sqlite",error_type="pool_timeout"}"#;
    assert_eq!(value(&metrics, errors), Some(1.0));
    drop(held);
}
