//! One line for each request.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::request_id::RequestId;

pub(crate) async fn log(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let id = request.extensions().get::<RequestId>().cloned();
    let response = next.run(request).await;
    tracing::info!(
        %method,
        path,
        route = route.as_ref().map(MatchedPath::as_str),
        request_id = id.and_then(|id| Some(id.header_value().to_str().ok()?.to_owned())),
        status_code = response.status().as_u16(),
        duration_ms = began.elapsed().as_secs_f64() * 1000.0,
        "request_completed"
    );
    response
}
