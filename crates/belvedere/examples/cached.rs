//! A service that reads through a cache in Redis: for trying what callers see when that is slow, or gone.
//!
//! `REDIS_URL=redis://127.0.0.1:6379 cargo run --example cached`, then `curl http://127.0.0.1:8000/prices/7`.

use std::{
    convert::Infallible,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use axum::{Router, extract::State, routing::get};
use belvedere::{Boot, BootError, Cache, Problem, Redis, Stopped, about, extract::Path};

/// How long the thing behind the cache takes.
const LOAD: Duration = Duration::from_millis(5);

#[derive(Debug, Clone)]
struct Shop {
    prices: Cache<String>,
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
        redis: redis.clone(),
    };
    let routes = Router::new()
        .route("/prices/{product}", get(price))
        .route("/plain", get(async || "plain"))
        .route("/visits", get(visits))
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
    let Some(mut redis) = shop.redis else {
        return Err(Problem::not_found("no_redis"));
    };
    let key = format!("{}visits", redis.prefix());
    let visits: u64 = redis::AsyncCommands::incr(&mut redis, key, 1)
        .await
        .map_err(belvedere::RedisFailed)?;
    Ok(visits.to_string())
}
