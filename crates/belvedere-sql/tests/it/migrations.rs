use std::{fs, path::Path, time::Duration};

use belvedere_core::config::Seconds;
use belvedere_sql::{Backend, DatabaseConfig, Db};
use belvedere_testing::ThrowAwayPostgres;
use futures_util::future::join_all;
use sqlx::{Postgres, Sqlite, migrate::Migrator};
use tempfile::TempDir;

use crate::helpers::{config, connect, open};

const INSTANCES: usize = 20;
/// Fails when it is run twice, and leaves a row for each run. Takes so long that all others have begun.
const ONCE: &str = "CREATE TABLE stock (product TEXT); INSERT INTO stock
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
    SELECT 'keep' FROM n WHERE i = 300000;";

async fn migrator(directory: &Path, files: &[(&str, &str)]) -> Migrator {
    for (name, sql) in files {
        fs::write(directory.join(name), sql).unwrap();
    }
    Migrator::new(directory).await.unwrap()
}

/// Each with a pool of its own, as a service has.
async fn migrate_at_once<DB: Backend>(url: &str, migrator: &Migrator) -> Db<DB> {
    let config = DatabaseConfig {
        pool_size: 1,
        ..config(url)
    };
    let all: Vec<Db<DB>> = join_all((0..INSTANCES).map(|_| open(&config))).await;
    for outcome in join_all(all.iter().map(|db| db.migrate(migrator))).await {
        outcome.unwrap();
    }
    all.into_iter().next().unwrap()
}

#[tokio::test]
async fn twenty_instances_at_once_migrate_once() {
    let (server, directory) = (ThrowAwayPostgres::start().unwrap(), TempDir::new().unwrap());
    let migrator = migrator(directory.path(), &[("1_stock.sql", ONCE)]).await;
    let db = migrate_at_once::<Postgres>(server.url(), &migrator).await;
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM stock")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn twenty_instances_at_once_migrate_one_file_once() {
    let directory = TempDir::new().unwrap();
    let migrator = migrator(directory.path(), &[("1_stock.sql", ONCE)]).await;
    let url = format!("sqlite://{}/shop.db", directory.path().display());
    // The file is there: to create it is not what is tried here.
    connect::<Sqlite>(&url).await.close().await;
    let db = migrate_at_once::<Sqlite>(&url, &migrator).await;
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM stock")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(rows, 1);
}

/// sqlx leaves its advisory lock behind with the connection: whoever is next would wait for ever.
#[tokio::test]
async fn a_migration_that_fails_keeps_nobody_out() {
    let (server, directory) = (ThrowAwayPostgres::start().unwrap(), TempDir::new().unwrap());
    let broken = migrator(directory.path(), &[("1_stock.sql", "CREATE TABLE;")]).await;
    let db = connect::<Postgres>(server.url()).await;
    assert!(db.migrate(&broken).await.is_err());
    let mended = migrator(directory.path(), &[("1_stock.sql", ONCE)]).await;
    let next = connect::<Postgres>(server.url()).await;
    let migrated = tokio::time::timeout(Duration::from_secs(10), next.migrate(&mended)).await;
    migrated.unwrap().unwrap();
}

#[tokio::test]
async fn a_migration_may_take_longer_than_a_statement() {
    let (server, directory) = (ThrowAwayPostgres::start().unwrap(), TempDir::new().unwrap());
    let slow = migrator(directory.path(), &[("1_slow.sql", "SELECT pg_sleep(1.5);")]).await;
    let config = DatabaseConfig {
        statement_timeout_seconds: Seconds::new(1),
        pool_size: 1,
        ..config(server.url())
    };
    let db: Db<Postgres> = open(&config).await;
    db.migrate(&slow).await.unwrap();
    // What comes after has its limit again.
    assert!(
        sqlx::query("SELECT pg_sleep(10)")
            .execute(&db)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn what_cannot_run_in_a_transaction_runs_on_sqlite_as_well() {
    let directory = TempDir::new().unwrap();
    let vacuum = "-- no-transaction\nVACUUM;";
    let migrator = migrator(directory.path(), &[("1_vacuum.sql", vacuum)]).await;
    let db = connect::<Sqlite>("sqlite::memory:").await;
    db.migrate(&migrator).await.unwrap();
}
