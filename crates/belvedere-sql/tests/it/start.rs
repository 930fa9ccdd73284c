use std::time::{Duration, Instant};

use belvedere_sql::{ConnectError, Db};
use sqlx::{Postgres, Sqlite};
use tempfile::TempDir;

use crate::helpers::{capture_log, config, connect};

/// Nobody listens there: the port was free a moment ago.
fn deserted() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    format!("postgres://shop:hunter2@127.0.0.1:{port}/shop?password=hunter3")
}

#[tokio::test]
async fn a_url_for_another_database_fails_at_once_and_names_the_mend() {
    let patience = Duration::from_secs(60);
    let error = Db::<Postgres>::connect(&config("sqlite://x.db"), patience)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the database url `sqlite://x.db` is not for postgresql: set DATABASE_URL to something like \
         `postgres://user:password@host/database`, or build the service for that database"
    );
    let error = Db::<Sqlite>::connect(&config("postgres://u:pw@h/d"), patience)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("postgres://[REDACTED]@h/d"),
        "{error}"
    );
    let error = Db::<Postgres>::connect(&config("postgres://h:port/"), patience)
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::InvalidUrl { .. }), "{error}");
}

#[tokio::test]
async fn without_patience_there_is_one_try() {
    let (log, began) = (capture_log(), Instant::now());
    let error = Db::<Postgres>::connect(&config(&deserted()), Duration::ZERO)
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }));
    let told = format!("{error} {error:?}");
    assert!(!told.contains("hunter"), "{told}");
    assert!(told.contains("refused"), "{told}");
    assert!(log.lines("database_connection_retried").is_empty());
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_database_that_is_not_there_is_tried_until_patience_ends() {
    let (log, began) = (capture_log(), Instant::now());
    let patience = Duration::from_secs(1);
    let outcome = Db::<Postgres>::connect(&config(&deserted()), patience).await;
    assert!(outcome.is_err());
    assert!(began.elapsed() <= 5 * patience);
    assert!(log.lines("database_connection_retried").len() >= 2);
    assert!(log.lines("database_connection_ok").is_empty());
}

#[tokio::test]
async fn a_file_is_created_with_its_directory_and_opened_as_a_service_needs_it() {
    let (log, directory) = (capture_log(), TempDir::new().unwrap());
    let file = directory.path().join("a/b/shop.db");
    let db = connect::<Sqlite>(&format!("sqlite://{}", file.display())).await;
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&db)
        .await
        .unwrap();
    let foreign_keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!((&*journal, foreign_keys), ("wal", 1));
    assert!(file.exists());
    assert_eq!(log.lines("database_connection_ok").len(), 1);
    db.close().await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_fails_at_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let url = format!("sqlite://{}/shop.db", file.path().display());
    let error = Db::<Sqlite>::connect(&config(&url), Duration::from_secs(60))
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Directory { .. }), "{error}");
}
