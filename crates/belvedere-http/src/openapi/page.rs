//! A page that shows the document. It is three small files of our own: nothing is fetched from elsewhere, and nothing in the
//! page is inline, so that its policy can refuse both.

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, header::CONTENT_SECURITY_POLICY};

use super::rendered::Rendered;

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

pub(super) fn routes() -> Router {
    Router::new()
        .merge(file(
            "/docs",
            "text/html; charset=utf-8",
            include_str!("page/index.html"),
        ))
        .merge(file(
            "/docs/page.css",
            "text/css; charset=utf-8",
            include_str!("page/page.css"),
        ))
        .merge(file(
            "/docs/page.js",
            "text/javascript; charset=utf-8",
            include_str!("page/page.js"),
        ))
}

fn file(path: &str, content_type: &'static str, body: &'static str) -> Router {
    let rendered = Rendered::new(content_type, body);
    Router::new().route(path, get(told)).with_state(rendered)
}

async fn told(State(rendered): State<Rendered>, headers: HeaderMap) -> impl IntoResponse {
    let answer: Response = rendered.answer(&headers);
    ([(CONTENT_SECURITY_POLICY, POLICY)], answer)
}
