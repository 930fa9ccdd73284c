//! The admin listener's routes: for operators and Prometheus, never for callers.

mod guard;
mod loggers;
mod order;
mod runbooks;
mod sampling;

use std::{sync::Arc, time::Instant};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRef, State},
    response::IntoResponse,
    routing::get,
};
use belvedere_core::{About, Control, Health};
use http::{
    HeaderMap,
    header::{ACCEPT, CONTENT_TYPE},
};
use serde_json::{Value, json};

pub use self::{
    guard::{Guard, guarded},
    runbooks::Runbooks,
};
use crate::{health, problem, protect::SecurityHeadersLayer};

/// No order is longer, by far.
const BODY_LIMIT: usize = 4096;

/// Renders everything measured so far for what an `Accept` header asks for: the content type, and the text.
pub type RenderMetrics = Arc<dyn Fn(&str) -> (&'static str, String) + Send + Sync>;

/// What the admin listener tells, and whom it obeys.
#[derive(Clone)]
pub struct Admin {
    /// What `/info` tells.
    pub about: About,
    /// `ENVIRONMENT`.
    pub environment: String,
    /// When the process began.
    pub began: Instant,
    /// What `/health/*` tells.
    pub health: Health,
    /// What `/metrics` tells.
    pub metrics: RenderMetrics,
    /// What `/config` tells: redacted already.
    pub config: Arc<Value>,
    /// What `/runbooks` tells.
    pub runbooks: Runbooks,
    /// What `/loggers` and `/sampling` change.
    pub control: Arc<dyn Control>,
    /// Who may change it.
    pub guard: Guard,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin")
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

impl FromRef<Admin> for Arc<dyn Control> {
    fn from_ref(admin: &Admin) -> Self {
        Self::clone(&admin.control)
    }
}

impl FromRef<Admin> for Guard {
    fn from_ref(admin: &Admin) -> Self {
        admin.guard.clone()
    }
}

impl Admin {
    /// `/metrics`, `/health/*`, `/info`, `/config`, `/runbooks`, `/loggers`, `/sampling`.
    pub fn routes(self) -> Router {
        let router = Router::new()
            .route("/info", get(info))
            .route("/config", get(config))
            .merge(loggers::routes())
            .merge(sampling::routes())
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .with_state(self.clone())
            .merge(runbooks::routes(self.runbooks, Arc::clone(&self.metrics)))
            .merge(metrics_routes(self.metrics))
            .merge(health::routes(self.health));
        problem::fallbacks(router).layer(SecurityHeadersLayer::new())
    }
}

/// `/metrics` alone, for the public listener when `HTTP__EXPOSE_METRICS` asks for it.
pub fn metrics_routes(render: RenderMetrics) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .with_state(render)
}

async fn metrics(State(render): State<RenderMetrics>, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get_all(ACCEPT).iter();
    let accept: Vec<_> = accept.filter_map(|value| value.to_str().ok()).collect();
    let (content_type, text) = render(&accept.join(","));
    ([(CONTENT_TYPE, content_type)], text)
}

async fn info(State(admin): State<Admin>) -> Json<Value> {
    let About {
        name,
        version,
        commit,
        rustc,
    } = admin.about;
    Json(json!({
        "name": name,
        "version": version,
        "commit": commit,
        "rustc": rustc,
        "environment": admin.environment,
        "pid": std::process::id(),
        "uptime_seconds": admin.began.elapsed().as_secs(),
    }))
}

async fn config(State(admin): State<Admin>) -> Json<Value> {
    Json(Value::clone(&admin.config))
}
