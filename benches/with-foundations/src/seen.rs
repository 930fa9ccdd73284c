//! A trace, a line and two metrics for each request, as foundations' own example does it.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use foundations::telemetry::metrics::{Counter, HistogramBuilder, TimeHistogram, metrics};
use foundations::telemetry::tracing::StartTraceOptions;
use foundations::telemetry::{log, tracing};

/// What is counted.
#[metrics]
pub(crate) mod http_server {
    /// Requests answered.
    pub(crate) fn requests_total(route: &Arc<str>, status: u16) -> Counter;

    /// How long they took.
    #[ctor = HistogramBuilder {
        buckets: &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0],
    }]
    pub(crate) fn request_duration_seconds(route: &Arc<str>) -> TimeHistogram;
}

/// A log and a trace of its own for each request.
pub(crate) async fn seen(request: Request, next: Next) -> Response {
    let trace = tracing::start_trace("request", StartTraceOptions::default());
    let context = trace.into_context().with_forked_log();
    context.apply(answer(request, next)).await
}

async fn answer(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route: Arc<str> = route.map_or("", MatchedPath::as_str).into();
    let timer = http_server::request_duration_seconds(&route).start_timer();
    log::add_fields! {
        "method" => request.method().to_string(),
        "path" => request.uri().path().to_owned(),
        "route" => route.to_string()
    }
    tracing::add_span_tags! {
        "http.request.method" => request.method().to_string(),
        "url.path" => request.uri().path().to_owned(),
        "http.route" => route.to_string()
    }
    let response = next.run(request).await;
    let status = response.status().as_u16();
    http_server::requests_total(&route, status).inc();
    tracing::add_span_tags! { "http.response.status_code" => i64::from(status) }
    log::info!("request_completed"; "status_code" => status);
    drop(timer);
    response
}
