//! What a request says of itself, and how much of it is believed.

use std::sync::Arc;

use axum::{body::Body, extract::MatchedPath};
use belvedere_core::{NewRequest, names::UNMATCHED, trace::TraceParent};
use http::{HeaderMap, HeaderName, Method, Request};
use http_body::Body as _;

use super::{
    body::{RequestBody, Upload},
    completion::{Completion, Received},
    layer::Observe,
    series,
};
use crate::Peer;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// W3C Trace Context.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The label values of `method`; the last one stands for all others.
pub(super) const METHODS: [&str; 10] = [
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE", "_OTHER",
];

pub(super) fn begin(observe: &Observe, request: &mut Request<Body>) -> Completion {
    let method = method_index(request.method());
    let peer = request.extensions().get::<Peer>().copied();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or(UNMATCHED, MatchedPath::as_str);
    let series = series::find(method, route);
    let (parent, link) = caller_trace(observe, request.headers(), peer);
    let context = NewRequest::new(&series.log_route, request.uri().path())
        .request_id(client_request_id(request.headers()))
        .parent(parent)
        .link(link)
        .begin(&observe.0.tracer);
    let received = Received {
        method: METHODS[method],
        version: request.version(),
        peer,
        declared_bytes: request.body().size_hint().exact(),
        upload: watch_body(request.body_mut()),
    };
    Completion::begin(observe, context, series, received)
}

fn method_index(method: &Method) -> usize {
    let known = METHODS.iter().position(|known| method.as_str() == *known);
    known.unwrap_or(METHODS.len() - 1)
}

/// The caller's id, if it is one: `[A-Za-z0-9._-]{8,128}`.
fn client_request_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let fits = (8..=128).contains(&id.len());
    let clean = id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    (fits && clean).then_some(id)
}

/// A trusted peer's trace is continued, another's only linked to. Who is at no socket (a test) is trusted.
fn caller_trace(
    observe: &Observe,
    headers: &HeaderMap,
    peer: Option<Peer>,
) -> (Option<TraceParent>, Option<TraceParent>) {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return (None, None);
    };
    let caller = TraceParent::parse(value.as_bytes());
    if peer.is_none_or(|peer| observe.0.trusted.trusts(peer.0.ip())) {
        (caller, None)
    } else {
        (None, caller)
    }
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
    fn a_request_id_is_taken_only_when_it_is_clean() {
        let taken = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, id.parse().unwrap());
            client_request_id(&headers).is_some()
        };
        assert!(taken("client-1.A_b"));
        assert!(!taken("short"));
        assert!(!taken("has a space in it"));
        assert!(!taken(&"x".repeat(129)));
        assert!(!taken("quote\"quote"));
    }

    #[test]
    fn an_unknown_method_is_one_label_value() {
        assert_eq!(
            METHODS[method_index(&Method::from_bytes(b"PROPFIND").unwrap())],
            "_OTHER"
        );
        assert_eq!(METHODS[method_index(&Method::PATCH)], "PATCH");
    }
}
