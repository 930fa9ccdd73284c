use std::time::Duration;

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
    let used = r#"db_client_connection_count{db_system_name="sqlite",state="used"}"#;
    let idle = r#"db_client_connection_count{db_system_name="sqlite",state="idle"}"#;

    let tx = db.begin().await.unwrap();
    assert_eq!(value(&metrics, "active_database_connections "), Some(1.0));
    assert_eq!(
        (value(&metrics, used), value(&metrics, idle)),
        (Some(1.0), Some(0.0))
    );
    tx.commit().await.unwrap();
    assert_eq!(
        (value(&metrics, used), value(&metrics, idle)),
        (Some(0.0), Some(1.0))
    );
    assert_eq!(value(&metrics, "db_client_connection_max{"), Some(1.0));
    assert_eq!(
        value(&metrics, "db_client_connection_wait_time_seconds_count"),
        Some(2.0)
    );

    db.close().await;
    assert_eq!(value(&metrics, "active_database_connections "), Some(0.0));
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
