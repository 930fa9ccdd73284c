//! A transaction in which a statement has failed. PostgreSQL answers its `COMMIT` with a rollback, and calls that no error.

use std::time::Duration;

use belvedere_sql::{Db, Tx};
use belvedere_testing::{CapturedRequest, ThrowAwayPostgres};
use futures_util::StreamExt;
use opentelemetry::trace::Status;
use sqlx::{Error, Postgres};
use tokio::time::timeout;

use crate::helpers::{connect, only_span};

const INSERT: &str = "INSERT INTO orders (product) VALUES ('keep')";

async fn start() -> (ThrowAwayPostgres, Db<Postgres>) {
    let server = ThrowAwayPostgres::start().unwrap();
    let db = connect::<Postgres>(server.url()).await;
    let table = "CREATE TABLE orders (product TEXT UNIQUE)";
    sqlx::query(table).execute(&db).await.unwrap();
    (server, db)
}

async fn with_a_row(db: &Db<Postgres>) -> Tx<Postgres> {
    let mut tx = db.begin().await.unwrap();
    sqlx::query(INSERT).execute(&mut tx).await.unwrap();
    tx
}

async fn count(db: &Db<Postgres>) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM orders");
    count.fetch_one(db).await.unwrap()
}

fn sqlstate(error: &Error) -> String {
    let code = error.as_database_error().and_then(|error| error.code());
    code.map(|code| code.into_owned()).unwrap_or_default()
}

#[tokio::test]
async fn a_commit_that_the_server_would_turn_into_a_rollback_is_an_error() {
    let ((_server, db), request) = (start().await, CapturedRequest::begin());
    let mut tx = with_a_row(&db).await;
    assert!(sqlx::query(INSERT).execute(&mut tx).await.is_err());
    let error = request.run(tx.commit()).await.unwrap_err();
    assert_eq!(sqlstate(&error), "25P02");
    let span = only_span(&request);
    assert_eq!(
        (&*span.name, span.status),
        ("COMMIT", Status::error("25P02"))
    );
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn what_failed_unseen_is_found_before_the_commit() {
    let (_server, db) = start().await;
    let mut tx = with_a_row(&db).await;
    let by_hand = sqlx::query(INSERT).execute(tx.raw_connection()).await;
    assert!(by_hand.is_err());
    assert_eq!(sqlstate(&tx.commit().await.unwrap_err()), "25P02");

    let mut tx = with_a_row(&db).await;
    let fails_late = sqlx::query("SELECT pg_sleep(0.3), 1 / floor(random())::int");
    let given_up = timeout(Duration::from_millis(50), fails_late.execute(&mut tx)).await;
    assert!(given_up.is_err());
    assert!(tx.commit().await.is_err());
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn a_reader_who_has_read_enough_and_a_part_that_was_taken_back_do_no_harm() {
    let ((_server, db), request) = (start().await, CapturedRequest::begin());
    let mut tx = with_a_row(&db).await;
    let mut rows = sqlx::query("SELECT generate_series(1, 3)").fetch(&mut tx);
    assert!(rows.next().await.unwrap().is_ok());
    drop(rows);
    let mut part = tx.begin().await.unwrap();
    assert!(sqlx::query(INSERT).execute(&mut *part).await.is_err());
    part.rollback().await.unwrap();
    request.run(tx.commit()).await.unwrap();
    assert_eq!(only_span(&request).status, Status::Unset);
    assert_eq!(count(&db).await, 1);
}
