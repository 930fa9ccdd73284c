//! The endpoints that probes ask. They read cached verdicts and wait for nothing.

use axum::{Json, Router, extract::State, response::IntoResponse, routing::get};
use belvedere_core::{Health, health::ReadyStatus};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// `/health/live`, `/health/ready`, `/health/startup` and their Kubernetes aliases.
pub fn routes(health: Health) -> Router {
    Router::new()
        .route("/health/live", get(live))
        .route("/livez", get(live))
        .route("/health/ready", get(ready))
        .route("/readyz", get(ready))
        .route("/health/startup", get(startup))
        .route("/startupz", get(startup))
        .with_state(health)
}

async fn live(State(health): State<Health>) -> impl IntoResponse {
    told(health.is_live(), "ok", "wedged")
}

async fn startup(State(health): State<Health>) -> impl IntoResponse {
    told(health.is_started(), "ok", "starting")
}

fn told(is_good: bool, good: &str, bad: &str) -> impl IntoResponse + use<> {
    let status = if is_good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let word = if is_good { good } else { bad };
    (status, Json(json!({ "status": word })))
}

/// In the contract's order, which a map would not keep.
#[derive(Serialize)]
struct Ready {
    status: &'static str,
    checks: Map<String, Value>,
}

async fn ready(State(health): State<Health>) -> impl IntoResponse {
    let readiness = health.readiness();
    let checks = readiness.checks.iter();
    let checks: Map<_, _> = checks
        .map(|(name, verdict)| ((*name).to_owned(), Value::from(verdict.as_str())))
        .collect();
    let status = match readiness.status {
        ReadyStatus::NotReady => StatusCode::SERVICE_UNAVAILABLE,
        ReadyStatus::Ready | ReadyStatus::Degraded => StatusCode::OK,
    };
    let body = Ready {
        status: readiness.status.as_str(),
        checks,
    };
    (status, Json(body))
}
