//! A service with as many routes, label sets, spans and log lines as it is asked for, to see how cost grows.
//!
//! `GET /v1/route/{i}` has `ROUTES` routes of its own; `/v1/label/{name}` counts in a series of that name;
//! `/v1/spans/{count}` and `/v1/events/{count}` make so many spans and lines.

use std::process::ExitCode;

use axum::{Router, routing::get};
use belvedere::{
    Boot, BootError, Stopped, about,
    extract::{Json, Path},
};
use serde_json::{Value, json};
use tracing::{info, info_span};

/// More routes, spans or lines than are ever compared; a forgotten digit must not fill the machine.
const MAX: usize = 100_000;

fn main() -> ExitCode {
    belvedere::main(about!(), compose)
}

async fn compose(boot: Boot) -> Result<Stopped, BootError> {
    let count = std::env::var("ROUTES").ok();
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(1);
    boot.service().open_routes(routes(count)).run().await
}

fn routes(count: usize) -> Router {
    let fixed = Router::new()
        .route("/v1/label/{name}", get(label))
        .route("/v1/spans/{count}", get(spans))
        .route("/v1/events/{count}", get(events));
    (0..count.min(MAX)).fold(fixed, |routes, index| {
        routes.route(&format!("/v1/route/{index}"), get(route))
    })
}

async fn route() -> Json<Value> {
    Json(json!({ "hello": "ada" }))
}

async fn label(Path(name): Path<String>) -> Json<Value> {
    metrics::counter!("growth_calls_total", "name" => name).increment(1);
    route().await
}

async fn spans(Path(count): Path<usize>) -> Json<Value> {
    for index in 0..count.min(MAX) {
        info_span!("step", index).in_scope(|| {});
    }
    route().await
}

async fn events(Path(count): Path<usize>) -> Json<Value> {
    for index in 0..count.min(MAX) {
        info!(index, "step");
    }
    route().await
}
