//! `GET /v1/hello/{name}` as a Rust user makes it seen today, out of a crate for each signal. `HTTP__ADDR` names the socket;
//! `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_TRACES_SAMPLER(_ARG)` say where traces go and how many; SIGTERM ends it.
//!
//! `SPANS=tower-http` takes them from `TraceLayer` in place of axum-tracing-opentelemetry. With `DATABASE_URL` and `REDIS_URL`
//! it also answers `GET /v1/stored/{key}`.

mod access;
mod stored;
mod telemetry;
mod traced;

use std::error::Error;
use std::time::Duration;

use axum::extract::Path;
use axum::middleware::from_fn;
use axum::routing::get;
use axum::{Json, Router};
use axum_prometheus::PrometheusMetricLayer;
use axum_tracing_opentelemetry::middleware::{OtelAxumLayer, OtelInResponseLayer};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;

const TIME_LIMIT: Duration = Duration::from_secs(30);

type Failure = Box<dyn Error + Send + Sync>;

async fn hello(Path(name): Path<String>) -> Json<Value> {
    Json(json!({ "hello": name }))
}

/// Spans from whichever crate was asked for, and a line for each request inside of them.
fn seen(router: Router) -> Router {
    if std::env::var("SPANS").is_ok_and(|spans| spans == "tower-http") {
        return router.layer(traced::layer());
    }
    router
        .layer(from_fn(access::log))
        .layer(OtelInResponseLayer)
        .layer(OtelAxumLayer::default())
}

fn protected(router: Router) -> Router {
    router
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            TIME_LIMIT,
        ))
}

async fn router() -> Result<Router, Failure> {
    let (measured, figures) = PrometheusMetricLayer::pair();
    let routes = Router::new()
        .route("/v1/hello/{name}", get(hello))
        .merge(stored::router().await?);
    let routes = seen(protected(routes))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(measured);
    Ok(routes.route("/metrics", get(async move || figures.render())))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let provider = telemetry::install()?;
    let address = std::env::var("HTTP__ADDR").unwrap_or_else(|_| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address).await?;
    tracing::info!(http = %listener.local_addr()?, "listening");
    let mut terminated = signal(SignalKind::terminate())?;
    let end = async move {
        let _ = terminated.recv().await;
    };
    axum::serve(listener, router().await?)
        .with_graceful_shutdown(end)
        .await?;
    // It blocks, and the exporter needs this thread's runtime.
    tokio::task::spawn_blocking(move || provider.shutdown()).await??;
    Ok(())
}
