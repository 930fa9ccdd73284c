//! Connections that are of no more use, and the settings that sessions have.

use std::time::{Duration, Instant};

use belvedere_core::config::Seconds;
use belvedere_sql::{DatabaseConfig, Db, is_unavailable};
use belvedere_testing::ThrowAwayPostgres;
use sqlx::Postgres;

use crate::helpers::{capture_log, config, connect, open};

const INSERT: &str = "INSERT INTO orders VALUES (1)";
const SOON: Duration = Duration::from_secs(10);

async fn one_connection(server: &ThrowAwayPostgres) -> Db<Postgres> {
    let config = DatabaseConfig {
        pool_size: 1,
        ..config(server.url())
    };
    open(&config).await
}

async fn run(db: &Db<Postgres>, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(db).await.map(drop)
}

/// A session keeps what it began with: what is set for the role is not seen by those that are open.
#[tokio::test]
async fn a_read_only_session_does_not_outlive_what_made_it_so() {
    let server = ThrowAwayPostgres::server().unwrap();
    let other = connect::<Postgres>(server.url()).await;
    run(&other, "CREATE TABLE orders (id BIGINT)")
        .await
        .unwrap();
    for _ in 0..3 {
        run(
            &other,
            "ALTER ROLE CURRENT_USER SET default_transaction_read_only = on",
        )
        .await
        .unwrap();
        let db = one_connection(&server).await;
        let error = run(&db, INSERT).await.unwrap_err();
        assert!(is_unavailable(&error), "{error}");
        // The table's owner stays able to write: this session is older.
        run(
            &other,
            "ALTER ROLE CURRENT_USER RESET default_transaction_read_only",
        )
        .await
        .unwrap();
        let mut tries = 0;
        let began = Instant::now();
        while run(&db, INSERT).await.is_err() {
            tries += 1;
            assert!(began.elapsed() < SOON);
        }
        assert_eq!(tries, 0);
    }
}

#[tokio::test]
async fn a_session_that_an_administrator_has_ended_fails_one_statement_at_most() {
    let server = ThrowAwayPostgres::start().unwrap();
    let db = one_connection(&server).await;
    let other = connect::<Postgres>(server.url()).await;
    let mut tx = db.begin().await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    run(&other, end).await.unwrap();
    let error = sqlx::query("SELECT 1").execute(&mut tx).await.unwrap_err();
    assert!(is_unavailable(&error), "{error}");
    drop(tx);
    run(&db, "SELECT 1").await.unwrap();
}

#[tokio::test]
async fn the_server_ends_what_runs_or_idles_for_too_long() {
    let server = ThrowAwayPostgres::start().unwrap();
    let config = DatabaseConfig {
        statement_timeout_seconds: Seconds::new(1),
        idle_in_transaction_timeout_seconds: Seconds::new(1),
        ..config(server.url())
    };
    let db: Db<Postgres> = open(&config).await;
    let error = run(&db, "SELECT pg_sleep(60)").await.unwrap_err();
    let code = error
        .as_database_error()
        .unwrap()
        .code()
        .unwrap()
        .into_owned();
    assert_eq!(code, "57014");
    assert!(is_unavailable(&error));

    let mut tx = db.begin().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(sqlx::query("SELECT 1").execute(&mut tx).await.is_err());
    drop(tx);
    run(&db, "SELECT 1").await.unwrap();
}

#[tokio::test]
async fn a_limit_of_zero_is_none() {
    let server = ThrowAwayPostgres::start().unwrap();
    let config = DatabaseConfig {
        statement_timeout_seconds: Seconds::new(0),
        ..config(server.url())
    };
    let db: Db<Postgres> = open(&config).await;
    let shown = "SELECT current_setting('statement_timeout')";
    let shown: String = sqlx::query_scalar(shown).fetch_one(&db).await.unwrap();
    assert_eq!(shown, "0");
}

#[tokio::test]
async fn pools_that_the_server_cannot_hold_are_warned_of_at_the_start() {
    let log = capture_log();
    let server = ThrowAwayPostgres::start().unwrap();
    let fits = config(server.url());
    open::<Postgres>(&fits).await;
    assert!(log.lines("database_pool_too_large").is_empty());
    let too_many = DatabaseConfig {
        replicas: 10_000,
        ..fits
    };
    open::<Postgres>(&too_many).await;
    let lines = log.lines("database_pool_too_large");
    assert!(lines[0].starts_with("WARN "), "{lines:?}");
    assert!(
        lines[0].contains(" pool_size=10 replicas=10000 max_connections="),
        "{lines:?}"
    );
}
