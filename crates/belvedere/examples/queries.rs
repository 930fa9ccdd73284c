//! A service all of whose routes ask a PostgreSQL: for trying what its operator sees of every way to run a statement.
//!
//! `DATABASE_URL=postgres://.. cargo run --features postgres --example queries`, then `curl http://127.0.0.1:8000/ways`.

use std::process::ExitCode;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    routing::{get, post},
};
use belvedere::{
    AsFailure, Boot, BootError, Failure, NoSettings, Problem, Stopped, about,
    sql::{Db, QueryResultExt, failure},
};
use futures_util::{StreamExt, TryStreamExt};
use sqlx::{Postgres, QueryBuilder};

type Database = State<Db<Postgres>>;

/// As many rows as nobody reads to their end.
const MANY: &str = "SELECT generate_series(1, 100000000)::text";
const ONE: &str = "SELECT product FROM orders WHERE id = $1";
const SCHEMA: &str = "
    SET synchronous_commit = on;
    CREATE TABLE IF NOT EXISTS orders (id BIGSERIAL PRIMARY KEY, product TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS visits (at TIMESTAMPTZ NOT NULL);
    INSERT INTO orders (product) VALUES ('keep') ON CONFLICT DO NOTHING";

fn main() -> ExitCode {
    belvedere::main(about!(), compose)
}

async fn compose(boot: Boot<NoSettings>) -> Result<Stopped, BootError> {
    let config = boot.config();
    let patience = config.startup.timeout_seconds.duration();
    let database = Db::<Postgres>::connect(&config.database, patience).await?;
    sqlx::raw_sql(SCHEMA)
        .execute(&database)
        .await
        .map_err(|error| BootError::Other(error.into()))?;
    let routes = Router::new()
        .route("/ok", get(async || "ok"))
        .route("/ways", get(ways))
        .route("/orders", get(count).post(add))
        .route("/visits", post(visit))
        .route("/sleep", get(sleep))
        .route("/rows", get(rows))
        .with_state(database.clone());
    boot.service()
        .open_routes(routes)
        .health_check(database.health_check())
        .at_stop(move || async move { database.close().await })
        .run()
        .await
}

/// What the database answered instead.
#[derive(Debug, thiserror::Error)]
#[error("the database could not be asked")]
struct Asked(#[from] sqlx::Error);

impl AsFailure for Asked {
    fn as_failure(&self) -> Failure {
        failure(&self.0)
    }
}

/// Every way to run a statement, once.
async fn ways(State(db): Database) -> Result<String, Problem> {
    Ok(every_way(&db).await.map_err(Asked)?)
}

async fn every_way(db: &Db<Postgres>) -> Result<String, sqlx::Error> {
    let mut insert = QueryBuilder::<Postgres>::new("INSERT INTO visits (at) ");
    insert.push_values(0..2, |mut row, _| {
        row.push("now()");
    });
    insert.build().execute(db).await?;
    sqlx::query_scalar::<_, String>(ONE)
        .bind(1_i64)
        .fetch_one(db)
        .await?;
    sqlx::query(ONE).bind(0_i64).fetch_optional(db).await?;
    sqlx::query("SELECT at FROM visits LIMIT 2")
        .fetch_all(db)
        .await?;
    let streamed = sqlx::query("SELECT generate_series(1, 3)").fetch(db);
    streamed.try_collect::<Vec<_>>().await?;
    let copied = db.copy_out("COPY orders TO STDOUT");
    copied.try_collect::<Vec<_>>().await?;

    let mut tx = db.begin().await?;
    tx.copy_in("COPY visits FROM STDIN", &b"2026-01-01\n"[..])
        .await?;
    let mut part = tx.begin().await?;
    let twice = sqlx::query("INSERT INTO orders (product) VALUES ('keep')");
    let refused = twice.execute(&mut *part).await.is_err();
    part.rollback().await?;
    let in_tx = sqlx::query("SELECT id FROM orders").fetch(&mut tx);
    let orders = in_tx.try_collect::<Vec<_>>().await?.len();
    tx.commit().await?;
    Ok(format!("{orders} {refused}"))
}

async fn count(State(db): Database) -> Result<String, Problem> {
    let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM orders");
    Ok(count.fetch_one(&db).await.map_err(Asked)?.to_string())
}

/// Products have different names.
async fn add(State(db): Database, product: String) -> Result<(), Problem> {
    let insert = sqlx::query("INSERT INTO orders (product) VALUES ($1)");
    let inserted = insert.bind(product).execute(&db).await;
    inserted.conflict_on("orders_product_key", "product_taken")?;
    Ok(())
}

async fn visit(State(db): Database) -> Result<&'static str, Problem> {
    let insert = sqlx::query("INSERT INTO visits VALUES (now())");
    insert.execute(&db).await.map_err(Asked)?;
    Ok("seen")
}

async fn sleep(State(db): Database) -> Result<&'static str, Problem> {
    let sleep = sqlx::query("SELECT pg_sleep(300)");
    sleep.execute(&db).await.map_err(Asked)?;
    Ok("slept")
}

/// Rows as they come, for as long as the caller reads.
async fn rows(State(db): Database) -> Body {
    let rows = sqlx::query_scalar::<_, String>(MANY).fetch(db);
    Body::from_stream(rows.map(|row| row.map(Bytes::from)))
}
