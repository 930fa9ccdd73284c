//! A service that reads through a cache in Redis: for trying what callers see when that is slow, or gone.
//!
//! `REDIS_URL=redis://127.0.0.1:6379 cargo run --example cached`, then `curl http://127.0.0.1:8000/prices/7`.

use std::{
    convert::Infallible,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use belvedere::{
    Boot, BootError, Cache, Problem, Redis, RedisFailed, Stopped, about,
    extract::{Json, Path},
};
use redis::{AsyncCommands, RedisResult};
use serde::Deserialize;

/// How long the thing behind the cache takes.
const LOAD: Duration = Duration::from_millis(5);

#[derive(Debug, Clone)]
struct Shop {
    prices: Cache<String>,
    notes: Cache<String>,
    redis: Option<Redis>,
}

fn main() -> ExitCode {
    belvedere::main(about!(), compose)
}

async fn compose(boot: Boot) -> Result<Stopped, BootError> {
    let redis = boot.redis().await?;
    let minute = Duration::from_secs(60);
    let shop = Shop {
        prices: Cache::shared(redis.as_ref(), "prices", 1_000, minute),
        notes: Cache::shared(redis.as_ref(), "notes", 1_000, minute),
        redis: redis.clone(),
    };
    let routes = Router::new()
        .route("/prices/{product}", get(price))
        .route("/plain", get(async || "plain"))
        .route("/visits", get(visits))
        .route("/notes", post(note))
        .route("/counts", post(count))
        .route("/unknown", post(unknown))
        .with_state(shop);
    boot.service()
        .open_routes(routes)
        .redis(redis.as_ref())
        .run()
        .await
}

/// When it was looked up.
async fn price(State(shop): State<Shop>, Path(product): Path<String>) -> Result<String, Problem> {
    let load = async {
        tokio::time::sleep(LOAD).await;
        Ok::<_, Infallible>(format!("{:?}", SystemTime::now()))
    };
    match shop.prices.get_or_load(&product, load).await {
        Ok(price) => Ok(price),
        Err(never) => match never {},
    }
}

/// Redis is more than a cache here: without it there is no answer.
async fn visits(State(shop): State<Shop>) -> Result<String, Problem> {
    let mut redis = needed(shop)?;
    let key = format!("{}visits", redis.prefix());
    let visits: u64 = redis.incr(key, 1).await.map_err(RedisFailed)?;
    Ok(visits.to_string())
}

/// What somebody writes, and under which name.
#[derive(Debug, Deserialize)]
struct Note {
    name: String,
    text: String,
}

/// Remembers for a while what somebody wrote.
async fn note(
    State(shop): State<Shop>,
    Json(Note { name, text }): Json<Note>,
) -> Result<(), Problem> {
    let load = async { Ok::<_, Infallible>(text) };
    let _ = shop.notes.get_or_load(&name, load).await;
    Ok(())
}

/// Counts on from what was written, which may be no number.
async fn count(
    State(shop): State<Shop>,
    Json(Note { name, text }): Json<Note>,
) -> Result<(), Problem> {
    let mut redis = needed(shop)?;
    let counted: RedisResult<u64> = async {
        let _: () = redis.set(&name, text).await?;
        redis.incr(&name, 1).await
    }
    .await;
    counted.map_err(RedisFailed)?;
    Ok(())
}

/// Sends a command that Redis does not know.
async fn unknown(State(shop): State<Shop>, text: String) -> Result<(), Problem> {
    let mut redis = needed(shop)?;
    let mut command = redis::cmd("UNKNOWN");
    let answer = command.arg(text).query_async(&mut redis).await;
    Ok(answer.map_err(RedisFailed)?)
}

fn needed(shop: Shop) -> Result<Redis, Problem> {
    shop.redis.ok_or(Problem::not_found("no_redis"))
}
