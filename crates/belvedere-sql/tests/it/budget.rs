//! What a request may wait for its database in all.

use std::time::{Duration, Instant};

use belvedere_core::config::Seconds;
use belvedere_sql::{DatabaseConfig, Db, QueryClass, is_unavailable};
use belvedere_testing::{CapturedRequest, ThrowAwayPostgres};
use futures_util::StreamExt;
use opentelemetry::trace::Status;
use sqlx::Postgres;

use crate::helpers::{config, metrics, open, value};

/// What a request has here.
const LIMIT: Duration = Duration::from_secs(1);
const MORE_THAN_HALF: &str = "SELECT pg_sleep(0.6)";
const TOO_MUCH: &str = "SELECT pg_sleep(1.3)";

async fn start() -> (ThrowAwayPostgres, Db<Postgres>) {
    let server = ThrowAwayPostgres::start().unwrap();
    let config = DatabaseConfig {
        request_limit_seconds: Seconds::new(1),
        pool_size: 2,
        ..config(server.url())
    };
    let db = open(&config).await;
    (server, db)
}

async fn run(db: &Db<Postgres>, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(db).await.map(drop)
}

#[tokio::test]
async fn the_statements_of_a_request_have_one_limit_together() {
    let ((_server, db), request) = (start().await, CapturedRequest::begin());
    let began = Instant::now();
    request.run(run(&db, MORE_THAN_HALF)).await.unwrap();
    let error = request.run(run(&db, MORE_THAN_HALF)).await.unwrap_err();
    let took = began.elapsed();
    assert!(is_unavailable(&error), "{error}");
    assert!(took >= LIMIT && took < 5 * LIMIT, "{took:?}");
    let spans = request.spans();
    assert_eq!(spans[0].status, Status::Unset);
    assert_eq!(spans[1].status, Status::error("timeout"));
    assert!(request.run(run(&db, "SELECT 1")).await.is_err());
}

#[tokio::test]
async fn statements_that_run_side_by_side_count_once() {
    let ((_server, db), request) = (start().await, CapturedRequest::begin());
    let both =
        request.run(async { tokio::join!(run(&db, MORE_THAN_HALF), run(&db, MORE_THAN_HALF)) });
    assert!(matches!(both.await, (Ok(()), Ok(()))));
    request.run(run(&db, "SELECT 1")).await.unwrap();
}

#[tokio::test]
async fn the_wait_for_a_connection_counts_too() {
    let metrics = metrics();
    let ((_server, db), request) = (start().await, CapturedRequest::begin());
    let held = (db.begin().await.unwrap(), db.begin().await.unwrap());
    request
        .run(async {
            let error = run(&db, "SELECT 1").await.unwrap_err();
            assert!(matches!(error, sqlx::Error::PoolTimedOut), "{error}");
        })
        .await;
    drop(held);
    let timeouts = "db_client_connection_timeouts_total{";
    assert_eq!(value(&metrics, timeouts), Some(1.0));
}

#[tokio::test]
async fn what_holds_up_no_answer_has_no_limit_unless_it_asks_for_one() {
    let ((_server, db), request) = (start().await, CapturedRequest::begin());
    run(&db, TOO_MUCH).await.unwrap();
    let beside = db.clone();
    let beside = request
        .run(async { belvedere_core::spawn(async move { run(&beside, TOO_MUCH).await }).await });
    beside.await.unwrap().unwrap().unwrap();
    const HASTY: QueryClass = QueryClass::new().limit(Duration::from_millis(100));
    assert!(run(&db.class(HASTY), TOO_MUCH).await.is_err());
}

#[tokio::test]
async fn a_class_of_queries_may_take_longer_in_a_request() {
    let ((_server, db), request) = (start().await, CapturedRequest::begin());
    const REPORTS: QueryClass = QueryClass::new().limit(Duration::from_secs(20));
    request
        .run(run(&db.class(REPORTS), TOO_MUCH))
        .await
        .unwrap();
    const EXPORTS: QueryClass = QueryClass::new().unlimited();
    request
        .run(run(&db.class(EXPORTS), TOO_MUCH))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_reader_of_a_stream_may_take_its_time_and_the_database_may_not() {
    let ((_server, db), request) = (start().await, CapturedRequest::begin());
    let slow_reader = async {
        let mut rows = sqlx::query("SELECT generate_series(1, 3)").fetch(&db);
        while let Some(row) = rows.next().await {
            row.unwrap();
            tokio::time::sleep(LIMIT / 2).await;
        }
    };
    request.run(slow_reader).await;
    let slow_rows = async {
        let sql = "SELECT pg_sleep(0.4) FROM generate_series(1, 30)";
        let rows = sqlx::query(sql).fetch(&db);
        let failures = rows.filter(|row| std::future::ready(row.is_err()));
        failures.count().await
    };
    assert_eq!(request.run(slow_rows).await, 1);
}
