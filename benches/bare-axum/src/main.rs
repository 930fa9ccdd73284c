//! The base line: `GET /v1/hello/{name}` on axum and nothing else. `HTTP__ADDR` names the socket; SIGTERM ends it.

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Serialize)]
struct Hello {
    hello: String,
}

async fn hello(Path(name): Path<String>) -> Json<Hello> {
    Json(Hello { hello: name })
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::var("HTTP__ADDR").unwrap_or_else(|_| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let mut terminated = signal(SignalKind::terminate())?;
    let router = Router::new().route("/v1/hello/{name}", get(hello));
    let end = async move {
        let _ = terminated.recv().await;
    };
    axum::serve(listener, router)
        .with_graceful_shutdown(end)
        .await
}
