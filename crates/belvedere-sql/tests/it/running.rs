//! The watchdog.

use std::time::Duration;

use belvedere_sql::{DatabaseConfig, Db, QueryClass};
use sqlx::Sqlite;
use tokio::time::{sleep, timeout};

use belvedere_testing::CapturedRequest;

use crate::helpers::{capture_log, config, open};

const FOREVER: &str = "WITH RECURSIVE n(i) AS (SELECT 4155665556 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n WHERE i <> 'a secret'";

async fn with_slow_query_ms(slow_query_ms: u64) -> Db<Sqlite> {
    let config = DatabaseConfig {
        slow_query_ms,
        ..config("sqlite::memory:")
    };
    open(&config).await
}

async fn run_for(db: &Db<Sqlite>, duration: Duration) {
    let statement = sqlx::query(FOREVER).execute(db);
    assert!(timeout(duration, statement).await.is_err());
}

#[tokio::test]
async fn a_statement_that_does_not_end_is_told_while_it_runs_again_and_again_but_rarely() {
    let (log, request) = (capture_log(), CapturedRequest::begin());
    let db = with_slow_query_ms(100).await;
    request.run(run_for(&db, Duration::from_millis(1500))).await;
    let lines = log.lines("slow_query_running");
    // After 100 ms, and then each time that it has run for twice as long.
    assert!((2..=4).contains(&lines.len()), "{lines:?}");
    assert!(lines[0].starts_with("WARN "), "{lines:?}");
    assert!(
        lines[0].contains("SELECT max(i) FROM n WHERE i <> ?"),
        "{lines:?}"
    );
    assert!(!lines.concat().contains("secret"));
    assert!(!lines.concat().contains("4155665556"));
    let ended = log.lines("\"slow_query\"");
    assert_eq!(ended.len(), 1, "{ended:?}");

    sleep(Duration::from_millis(300)).await;
    assert_eq!(log.lines("slow_query_running").len(), lines.len());
}

#[tokio::test]
async fn a_class_has_a_threshold_of_its_own() {
    let log = capture_log();
    let db = with_slow_query_ms(100).await;
    const REPORTS: QueryClass = QueryClass::new().slow_after(Duration::from_secs(60));
    run_for(&db.class(REPORTS), Duration::from_millis(400)).await;
    assert!(log.lines("slow_query").is_empty());
}
