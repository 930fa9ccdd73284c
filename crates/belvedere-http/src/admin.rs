//! The admin listener's routes: for operators and Prometheus, never for callers.

use std::sync::Arc;

use axum::{Json, Router, extract::State, response::IntoResponse, routing::get};
use belvedere_core::{About, Health};
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::{health, problem};

/// The text exposition format of Prometheus.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Renders everything measured so far.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// What the admin listener tells.
#[derive(Clone)]
pub struct Admin {
    /// What `/info` tells.
    pub about: About,
    /// `ENVIRONMENT`.
    pub environment: String,
    /// What `/health/*` tells.
    pub health: Health,
    /// What `/metrics` tells.
    pub metrics: RenderMetrics,
    /// What `/config` tells: redacted already.
    pub config: Arc<Value>,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin")
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

impl Admin {
    /// `/metrics`, `/health/*`, `/info`, `/config`.
    pub fn routes(self) -> Router {
        let router = Router::new()
            .route("/info", get(info))
            .route("/config", get(config))
            .with_state(self.clone())
            .merge(metrics_routes(self.metrics))
            .merge(health::routes(self.health));
        problem::fallbacks(router)
    }
}

/// `/metrics` alone, for the public listener when `HTTP__EXPOSE_METRICS` asks for it.
pub fn metrics_routes(render: RenderMetrics) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .with_state(render)
}

async fn metrics(State(render): State<RenderMetrics>) -> impl IntoResponse {
    ([(CONTENT_TYPE, EXPOSITION)], render())
}

async fn info(State(admin): State<Admin>) -> Json<Value> {
    let About { name, version } = admin.about;
    Json(
        json!({ "name": name, "version": version, "environment": admin.environment, "pid": std::process::id() }),
    )
}

async fn config(State(admin): State<Admin>) -> Json<Value> {
    Json(Value::clone(&admin.config))
}
