//! A service that needs a PostgreSQL: for trying what an operator sees when that hangs, or is gone.
//!
//! `DATABASE_URL=postgres://.. cargo run --features postgres --example stored`, then
//! `curl http://127.0.0.1:8000/health/ready`.

use std::process::ExitCode;

use axum::{Router, extract::State, routing::get};
use belvedere::{Boot, BootError, Problem, Stopped, about, sql::Db};
use sqlx::Postgres;

fn main() -> ExitCode {
    belvedere::main(about!(), compose)
}

async fn compose(boot: Boot) -> Result<Stopped, BootError> {
    let config = boot.config();
    let patience = config.startup.timeout_seconds.duration();
    let database = Db::<Postgres>::connect(&config.database, patience).await?;
    let routes = Router::new()
        .route("/ok", get(async || "ok"))
        .route("/now", get(now).with_state(database.clone()));
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
