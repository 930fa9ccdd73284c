//! What a request says of itself, and how much of it is believed.

use std::sync::Arc;

use axum::{body::Body, extract::MatchedPath};
use belvedere_core::{names::UNMATCHED, propagation::header};
use http::{HeaderName, Method, Request};
use http_body::Body as _;

use super::{
    Protocol,
    body::{RequestBody, Upload},
    completion::{Completion, Received},
    layer::Observe,
    series,
};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static(header::REQUEST_ID);

/// The label values of `method`; the last one stands for all others.
pub(super) const METHODS: [&str; 10] = [
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "_OTHER",
];

/// HTTP/1.1 and HTTP/2.
#[derive(Debug, Clone, Copy)]
pub struct Http;

impl Protocol for Http {
    type Record = Completion;

    fn begin(&self, observe: &Observe, request: &mut Request<Body>) -> Completion {
        let method = method_index(request.method());
        let route = request.extensions().get::<MatchedPath>();
        let route = route.map_or(UNMATCHED, MatchedPath::as_str);
        let series = series::find(method, route);
        let context = observe.context(request, &series.log_route);
        let received = Received {
            method: METHODS[method],
            version: request.version(),
            peer: request.extensions().get().copied(),
            is_tls: observe.0.is_tls,
            declared_bytes: request.body().size_hint().exact(),
            upload: watch_body(request.body_mut()),
        };
        Completion::begin(observe, context, series, received)
    }
}

fn method_index(method: &Method) -> usize {
    let known = METHODS.iter().position(|known| method.as_str() == *known);
    known.unwrap_or(METHODS.len() - 1)
}

/// The label value of `method`.
pub(crate) fn method_label(method: &Method) -> &'static str {
    METHODS[method_index(method)]
}

/// Watches a body as it is read; most requests have none.
fn watch_body(body: &mut Body) -> Option<Arc<Upload>> {
    if body.is_end_stream() {
        return None;
    }
    let upload = Arc::<Upload>::default();
    let inner = std::mem::take(body);
    *body = Body::new(RequestBody::new(inner, Arc::clone(&upload)));
    Some(upload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_method_is_one_label_value() {
        assert_eq!(
            METHODS[method_index(&Method::from_bytes(b"PROPFIND").unwrap())],
            "_OTHER"
        );
        assert_eq!(METHODS[method_index(&Method::PATCH)], "PATCH");
    }
}
