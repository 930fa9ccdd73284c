//! The base line of the stored work: `GET /v1/stored/{key}` is one SELECT and one GET, on axum, sqlx and redis alone.
//! `HTTP__ADDR` names the socket, `DATABASE_URL` and `REDIS_URL` the stores; SIGTERM ends it. `bare-stored seed` fills the stores
//! for all sides.

use std::error::Error;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use redis::AsyncCommands;
use redis::aio::ConnectionManager;
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Clone)]
struct Stores {
    database: PgPool,
    redis: ConnectionManager,
}

impl Stores {
    async fn connect() -> Result<Self, Failure> {
        let pool = PgPoolOptions::new().max_connections(10);
        let client = redis::Client::open(std::env::var("REDIS_URL")?)?;
        Ok(Self {
            database: pool.connect(&std::env::var("DATABASE_URL")?).await?,
            redis: client.get_connection_manager().await?,
        })
    }

    async fn seed(mut self) -> Result<(), Failure> {
        let schema =
            "CREATE TABLE IF NOT EXISTS bench_items (id text PRIMARY KEY, note text NOT NULL)";
        sqlx::query(schema).execute(&self.database).await?;
        let rows = "INSERT INTO bench_items SELECT 'item-' || n, 'note ' || n FROM generate_series(1, 1000) n \
                    ON CONFLICT DO NOTHING";
        sqlx::query(rows).execute(&self.database).await?;
        for number in 1..=1000 {
            let (key, note) = (format!("item-{number}"), format!("note {number}"));
            let () = self.redis.set(key, note).await?;
        }
        Ok(())
    }

    async fn find(mut self, key: &str) -> Result<Value, Failure> {
        let query = sqlx::query_scalar("SELECT note FROM bench_items WHERE id = $1").bind(key);
        let row: String = query.fetch_one(&self.database).await?;
        let seen: String = self.redis.get(key).await?;
        Ok(json!({ "stored": row, "cached": seen }))
    }
}

async fn stored(
    State(stores): State<Stores>,
    Path(key): Path<String>,
) -> Result<Json<Value>, StatusCode> {
    let found = stores.find(&key).await;
    found.map(Json).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let stores = Stores::connect().await?;
    if std::env::args().nth(1).is_some_and(|task| task == "seed") {
        return stores.seed().await;
    }
    let address = std::env::var("HTTP__ADDR").unwrap_or_else(|_| "127.0.0.1:0".to_owned());
    let router = Router::new()
        .route("/v1/stored/{key}", get(stored))
        .with_state(stores);
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let mut terminated = signal(SignalKind::terminate())?;
    let end = async move {
        let _ = terminated.recv().await;
    };
    axum::serve(listener, router)
        .with_graceful_shutdown(end)
        .await?;
    Ok(())
}
