//! What is rendered once and told often.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use utoipa::openapi::OpenApi;

/// Kept by caches, and asked for before each use: a service is deployed at any time.
const REVALIDATED: HeaderValue = HeaderValue::from_static("no-cache");

/// A body that does not change while the service runs.
#[derive(Debug, Clone)]
pub(super) struct Rendered {
    headers: [(HeaderName, HeaderValue); 3],
    body: Bytes,
}

impl Rendered {
    pub(super) fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(content_type)),
            (CACHE_CONTROL, REVALIDATED),
            (ETAG, tag(&body)),
        ];
        Self { headers, body }
    }

    pub(super) fn answer(&self, asked: &HeaderMap) -> Response {
        let headers = self.headers.clone();
        if self.is_known(asked) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (headers, self.body.clone()).into_response()
    }

    /// RFC 9110, section 13.1.2. A proxy that compresses makes the tag a weak one.
    fn is_known(&self, asked: &HeaderMap) -> bool {
        let own = self.headers[2].1.as_bytes();
        let told = asked
            .get_all(IF_NONE_MATCH)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        told.map(<[u8]>::trim_ascii)
            .any(|tag| tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == own)
    }
}

/// The same in each replica: the hasher has fixed keys.
fn tag(body: &Bytes) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish()))
        .expect("hex digits are visible ASCII")
}

pub(super) fn routes(document: &OpenApi) -> Router {
    let json = serde_json::to_vec(document).unwrap_or_default();
    Router::new()
        .route("/openapi.json", get(told))
        .with_state(Rendered::new("application/json", json))
}

async fn told(State(rendered): State<Rendered>, headers: HeaderMap) -> Response {
    rendered.answer(&headers)
}
