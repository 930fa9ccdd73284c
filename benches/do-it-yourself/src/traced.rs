//! Spans and lines by tower-http's `TraceLayer`.

use std::time::Duration;

use axum::body::Body;
use axum::extract::MatchedPath;
use http::{Request, Response};
use opentelemetry_http::HeaderExtractor;
use tower_http::classify::{ServerErrorsAsFailures, SharedClassifier};
use tower_http::request_id::RequestId;
use tower_http::trace::{DefaultOnBodyChunk, DefaultOnEos, DefaultOnFailure, TraceLayer};
use tracing::{Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

type MakeSpan = fn(&Request<Body>) -> Span;
type OnResponse = fn(&Response<Body>, Duration, &Span);
pub(crate) type Layer = TraceLayer<
    SharedClassifier<ServerErrorsAsFailures>,
    MakeSpan,
    (),
    OnResponse,
    DefaultOnBodyChunk,
    DefaultOnEos,
    DefaultOnFailure,
>;

pub(crate) fn layer() -> Layer {
    TraceLayer::new_for_http()
        .make_span_with(span as MakeSpan)
        .on_request(())
        .on_response(complete as OnResponse)
}

fn span(request: &Request<Body>) -> Span {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str);
    let id = request.extensions().get::<RequestId>();
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{} {route}", request.method()),
        otel.kind = "server",
        http.request.method = %request.method(),
        http.route = route,
        url.path = request.uri().path(),
        request_id = id.and_then(|id| id.header_value().to_str().ok()),
        http.response.status_code = field::Empty,
    );
    let parent = opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.extract(&HeaderExtractor(request.headers()))
    });
    // It fails for a span that is switched off, which has no parent to be told of.
    let _ = span.set_parent(parent);
    span
}

fn complete(response: &Response<Body>, latency: Duration, span: &Span) {
    let status = response.status().as_u16();
    span.record("http.response.status_code", status);
    tracing::info!(
        status_code = status,
        duration_ms = latency.as_secs_f64() * 1000.0,
        "request_completed"
    );
}
