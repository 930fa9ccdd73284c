//! The base line: `GET /v1/hello/{name}` on axum. `HTTP__ADDR` names the socket; SIGTERM ends it.
//!
//! By itself it is axum and nothing else. With `PROTECTED=true` it wears what a service needs before it meets strangers, from
//! tower-http: panics caught, a time limit, a limit for bodies.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Path};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

const BODY_LIMIT: usize = 1024 * 1024;
const TIME_LIMIT: Duration = Duration::from_secs(30);

async fn hello(Path(name): Path<String>) -> Json<Value> {
    Json(json!({ "hello": name }))
}

fn router(is_protected: bool) -> Router {
    let router = Router::new().route("/v1/hello/{name}", get(hello));
    if !is_protected {
        return router;
    }
    router.layer((
        CatchPanicLayer::new(),
        TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIME_LIMIT),
        DefaultBodyLimit::disable(),
        RequestBodyLimitLayer::new(BODY_LIMIT),
    ))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::var("HTTP__ADDR").unwrap_or_else(|_| "127.0.0.1:0".to_owned());
    let is_protected = std::env::var("PROTECTED").is_ok_and(|value| value == "true");
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let mut terminated = signal(SignalKind::terminate())?;
    let end = async move {
        let _ = terminated.recv().await;
    };
    axum::serve(listener, router(is_protected))
        .with_graceful_shutdown(end)
        .await
}
