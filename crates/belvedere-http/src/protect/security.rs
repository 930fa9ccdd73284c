//! What a browser must not do with an answer. The list is that of OWASP's REST security cheat sheet.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::response::{IntoResponse, Response};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
        X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// An answer is data: nothing in it is to be run, guessed at, framed, or told to others.
const ALWAYS: [(HeaderName, HeaderValue); 4] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];

/// What else an answer gets: HSTS, the request's id and its trace.
const MORE: usize = 3;

/// Two years, as the preload lists of browsers ask for.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Gives every answer `x-content-type-options`, `content-security-policy`, `referrer-policy` and `x-frame-options`, and if
/// asked to `strict-transport-security`. A handler that has set one of them keeps its own: a page of documentation needs
/// another policy than data.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecurityHeadersLayer {
    hsts: bool,
}

impl SecurityHeadersLayer {
    /// Without `strict-transport-security`.
    pub const fn new() -> Self {
        Self { hsts: false }
    }

    /// Whether callers are told never to come again without TLS. To be told only where all of the host's services have it.
    #[must_use]
    pub const fn hsts(self, hsts: bool) -> Self {
        Self { hsts }
    }

    fn apply(self, headers: &mut HeaderMap) {
        // Before the map is full: the ids follow, and what grows late moves more.
        headers.reserve(ALWAYS.len() + MORE);
        for (name, value) in ALWAYS {
            headers.entry(name).or_insert(value);
        }
        if self.hsts {
            headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(HSTS);
        }
    }
}

impl<S> Layer<S> for SecurityHeadersLayer {
    type Service = SecurityHeaders<S>;

    fn layer(&self, inner: S) -> SecurityHeaders<S> {
        SecurityHeaders {
            inner,
            layer: *self,
        }
    }
}

/// Service of [`SecurityHeadersLayer`].
#[derive(Debug, Clone, Copy)]
pub struct SecurityHeaders<S> {
    inner: S,
    layer: SecurityHeadersLayer,
}

impl<S, R> Service<R> for SecurityHeaders<S>
where
    S: Service<R, Response: IntoResponse>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = SecuredFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: R) -> Self::Future {
        SecuredFuture {
            inner: self.inner.call(request),
            layer: self.layer,
        }
    }
}

pin_project! {
    /// Future of [`SecurityHeaders`].
    #[derive(Debug)]
    pub struct SecuredFuture<F> {
        #[pin]
        inner: F,
        layer: SecurityHeadersLayer,
    }
}

impl<F, R, E> Future for SecuredFuture<F>
where
    F: Future<Output = Result<R, E>>,
    R: IntoResponse,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(task))?.into_response();
        this.layer.apply(response.headers_mut());
        Poll::Ready(Ok(response))
    }
}
