//! The base line: `GET /v1/hello/{name}` on axum. `HTTP__ADDR` names the socket; SIGTERM ends it.
//!
//! By itself it is axum and nothing else. With `PROTECTED=true` it wears what a service needs before it meets strangers, from
//! tower-http: panics caught, limits for time, bodies (after gzip too) and requests at once, security headers, compression.

use std::time::Duration;

use axum::error_handling::HandleErrorLayer;
use axum::extract::{DefaultBodyLimit, Path};
use axum::routing::get;
use axum::{BoxError, Json, Router};
use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

const BODY_LIMIT: usize = 1024 * 1024;
const TIME_LIMIT: Duration = Duration::from_secs(30);
const REQUESTS_AT_ONCE: usize = 1000;
const COMPRESSED_FROM: u64 = 1024;

async fn hello(Path(name): Path<String>) -> Json<Value> {
    Json(json!({ "hello": name }))
}

fn router(is_protected: bool) -> Router {
    let router = Router::new().route("/v1/hello/{name}", get(hello));
    if !is_protected {
        return router;
    }
    let csp = "default-src 'none'; frame-ancestors 'none'";
    router.layer((
        header(X_CONTENT_TYPE_OPTIONS, "nosniff"),
        header(CONTENT_SECURITY_POLICY, csp),
        header(REFERRER_POLICY, "no-referrer"),
        header(X_FRAME_OPTIONS, "DENY"),
        CatchPanicLayer::new(),
        TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIME_LIMIT),
        HandleErrorLayer::new(async |_: BoxError| StatusCode::SERVICE_UNAVAILABLE),
        LoadShedLayer::new(),
        GlobalConcurrencyLimitLayer::new(REQUESTS_AT_ONCE),
        CompressionLayer::new().compress_when(SizeAbove::new(COMPRESSED_FROM)),
        DefaultBodyLimit::disable(),
        RequestBodyTimeoutLayer::new(TIME_LIMIT),
        RequestBodyLimitLayer::new(BODY_LIMIT),
        RequestDecompressionLayer::new(),
        RequestBodyLimitLayer::new(BODY_LIMIT),
    ))
}

fn header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
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
