//! `GET /v1/stored/{key}`: one SELECT and one GET, a span for each.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use redis::AsyncCommands;
use redis::aio::ConnectionManager;
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::Failure;

#[derive(Clone)]
struct Stores {
    database: PgPool,
    redis: ConnectionManager,
}

/// No route at all where no database is named.
pub(crate) async fn router() -> Result<Router, Failure> {
    let (Ok(database), Ok(redis)) = (std::env::var("DATABASE_URL"), std::env::var("REDIS_URL"))
    else {
        return Ok(Router::new());
    };
    let stores = Stores {
        database: PgPoolOptions::new()
            .max_connections(10)
            .connect(&database)
            .await?,
        redis: redis::Client::open(redis)?.get_connection_manager().await?,
    };
    Ok(Router::new()
        .route("/v1/stored/{key}", get(stored))
        .with_state(stores))
}

async fn stored(
    State(stores): State<Stores>,
    Path(key): Path<String>,
) -> Result<Json<Value>, StatusCode> {
    let row = select(&stores.database, &key).await;
    let seen = read(stores.redis, &key).await;
    match (row, seen) {
        (Ok(row), Ok(seen)) => Ok(Json(json!({ "stored": row, "cached": seen }))),
        (row, seen) => {
            tracing::error!(?row, ?seen, "the stores fail");
            Err(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

#[tracing::instrument(
    name = "SELECT bench_items",
    skip_all,
    fields(
        otel.kind = "client",
        db.system.name = "postgresql",
        db.operation.name = "SELECT",
        db.collection.name = "bench_items",
        db.query.text = "SELECT note FROM bench_items WHERE id = $1",
    )
)]
async fn select(database: &PgPool, key: &str) -> sqlx::Result<String> {
    sqlx::query_scalar("SELECT note FROM bench_items WHERE id = $1")
        .bind(key)
        .fetch_one(database)
        .await
}

#[tracing::instrument(
    name = "GET",
    skip_all,
    fields(otel.kind = "client", db.system.name = "redis", db.operation.name = "GET")
)]
async fn read(mut redis: ConnectionManager, key: &str) -> redis::RedisResult<String> {
    redis.get(key).await
}
