//! A service that needs a PostgreSQL: for trying what an operator sees when that hangs, or is gone.
//!
//! `DATABASE_URL=postgres://.. cargo run --features postgres --example stored`, then
//! `curl http://127.0.0.1:8000/health/ready`. Most of its routes are given secrets and fail: nothing of these may be seen.

use std::{io, process::ExitCode};

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use belvedere::{
    Boot, BootError, Problem, Secret, Stopped, about,
    extract::{Json, Path, Query},
    settings,
    sql::Db,
};
use serde::Deserialize;
use sqlx::Postgres;

settings! {
    /// Secrets of its own.
    pub struct Keys {
        /// Hidden by its type.
        pub payments: Option<Secret> = None,
        /// Hidden by its name.
        pub mail_api_key: String = String::new(),
        /// Hidden by what it looks like.
        pub broker: String = String::new(),
    }
}

settings! {
    /// What it is set up by.
    pub struct Settings {
        /// Secrets of its own.
        pub keys: Keys = Keys::default(),
    }
}

fn main() -> ExitCode {
    belvedere::main(about!(), compose)
}

async fn compose(boot: Boot<Settings>) -> Result<Stopped, BootError> {
    let config = boot.config();
    let patience = config.startup.timeout_seconds.duration();
    let database = Db::<Postgres>::connect(&config.database, patience).await?;
    let routes = Router::new()
        .route("/ok", get(async || "ok"))
        .route("/now", get(now))
        .route("/accounts", post(open_account))
        .route("/forms", post(async |form: String| form.len().to_string()))
        .route("/accounts/{name}", get(find_account))
        .route("/casts", post(cast))
        .route("/literals", post(literal))
        .route("/logs", post(log))
        .route("/fails", post(fails))
        .route("/panics", post(panics))
        .with_state(database.clone());
    let schema = "CREATE TABLE IF NOT EXISTS accounts (name text PRIMARY KEY, note text)";
    sqlx::query(schema)
        .execute(&database)
        .await
        .map_err(|error| BootError::Other(error.into()))?;
    boot.service()
        .open_routes(routes)
        .health_check(database.health_check())
        .at_stop(move || async move { database.close().await })
        .run()
        .await
}

/// The database's time.
async fn now(State(database): State<Db<Postgres>>) -> Result<String, Problem> {
    let query = sqlx::query_scalar("SELECT now()::text");
    query.fetch_one(&database).await.map_err(Problem::internal)
}

#[derive(Debug, Deserialize)]
struct Account {
    name: String,
    note: String,
    #[expect(dead_code, reason = "read to be refused when it is none")]
    age: u8,
}

/// The second time it breaks a constraint, whose detail has the name in it.
async fn open_account(
    State(database): State<Db<Postgres>>,
    Json(account): Json<Account>,
) -> Result<&'static str, Problem> {
    let query = sqlx::query("INSERT INTO accounts (name, note) VALUES ($1, $2)");
    let query = query.bind(account.name).bind(account.note);
    query.execute(&database).await.map_err(Problem::internal)?;
    Ok("opened")
}

#[derive(Debug, Deserialize)]
struct Filter {
    limit: Option<u8>,
}

async fn find_account(
    State(database): State<Db<Postgres>>,
    Path(name): Path<String>,
    Query(filter): Query<Filter>,
) -> Result<String, Problem> {
    let query = sqlx::query_scalar("SELECT note FROM accounts WHERE name = $1 LIMIT $2");
    let query = query.bind(name).bind(i64::from(filter.limit.unwrap_or(1)));
    let note: Option<String> = query
        .fetch_optional(&database)
        .await
        .map_err(Problem::internal)?;
    note.map(|_| "found".to_owned())
        .ok_or_else(|| Problem::not_found("no_such_account"))
}

/// The database repeats what it could not read.
async fn cast(State(database): State<Db<Postgres>>, text: String) -> Result<String, Problem> {
    let query = sqlx::query_scalar("SELECT ($1::text)::int::text");
    query
        .bind(text)
        .fetch_one(&database)
        .await
        .map_err(Problem::internal)
}

/// Writes what it is given into the statement, as nobody should.
async fn literal(State(database): State<Db<Postgres>>, text: String) -> Result<String, Problem> {
    let query = sqlx::AssertSqlSafe(format!("SELECT '{text}'"));
    let query = sqlx::query_scalar(query);
    query.fetch_one(&database).await.map_err(Problem::internal)
}

/// Logs as nobody should.
#[tracing::instrument(fields(text = %text))]
async fn log(text: String) -> &'static str {
    tracing::trace!(api_key = text, "by_key");
    tracing::debug!(user.password = %text, "by_key");
    tracing::info!(iban = text, "by_key");
    tracing::warn!(text, "by_value");
    tracing::error!("by_value {text}");
    "logged"
}

async fn fails(text: String) -> Result<(), Problem> {
    Err(Problem::internal(io::Error::other(text)))
}

async fn panics(text: String) -> &'static str {
    panic!("no way with {text}");
}
