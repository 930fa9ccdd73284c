//! `GET /v1/hello/{name}` on axum, seen by Cloudflare's foundations: a trace, a line and two metrics for each request.
//! `HTTP__ADDR` and `ADMIN__ADDR` name the sockets; `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_TRACES_SAMPLER_ARG` say where traces
//! go and how many; SIGTERM ends it.

mod seen;
mod settings;

use axum::extract::Path;
use axum::middleware::from_fn;
use axum::routing::get;
use axum::{Json, Router};
use foundations::BootstrapResult;
use foundations::telemetry::{self, TelemetryConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

async fn hello(Path(name): Path<String>) -> Json<Value> {
    Json(json!({ "hello": name }))
}

#[tokio::main]
async fn main() -> BootstrapResult<()> {
    let driver = telemetry::init(TelemetryConfig {
        service_info: &foundations::service_info!(),
        settings: &settings::from_environment()?,
        custom_server_routes: Vec::new(),
    })?;
    let listener = TcpListener::bind(settings::variable("HTTP__ADDR", "127.0.0.1:0")).await?;
    let router = Router::new()
        .route("/v1/hello/{name}", get(hello))
        .layer(from_fn(seen::seen));
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        served = async { axum::serve(listener, router).await } => served?,
        driven = driver => driven?,
        _ = terminated.recv() => {}
    }
    Ok(())
}
