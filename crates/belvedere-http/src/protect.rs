//! What keeps one request from harming the others: panics are caught, handlers have a time limit.
//!
//! It stands inside of [`observe`](crate::observe), which counts and tells what it cut short.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::response::{IntoResponse, Response};
use belvedere_core::names::metric;
use http::{Request, StatusCode};
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower_layer::Layer;
use tower_service::Service;

use crate::Problem;

/// Why a response is not the handler's own. Rides in the response's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Panic,
    Timeout,
}

/// Catches panics (500) and ends handlers that take too long (503).
#[derive(Debug, Clone, Copy)]
pub struct ProtectLayer {
    timeout: Duration,
}

impl ProtectLayer {
    /// `timeout` runs from the first poll of the handler to its response's head.
    pub const fn new(timeout: Duration) -> Self {
        Self { timeout }
    }
}

impl<S> Layer<S> for ProtectLayer {
    type Service = Protect<S>;

    fn layer(&self, inner: S) -> Protect<S> {
        Protect {
            inner,
            timeout: self.timeout,
        }
    }
}

/// See [`ProtectLayer`].
#[derive(Debug, Clone, Copy)]
pub struct Protect<S> {
    inner: S,
    timeout: Duration,
}

impl<S, B> Service<Request<B>> for Protect<S>
where
    S: Service<Request<B>, Response: IntoResponse>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let called = catch_unwind(AssertUnwindSafe(|| self.inner.call(request)));
        ResponseFuture {
            inner: called.ok(),
            sleep: None,
            timeout: self.timeout,
        }
    }
}

pin_project! {
    /// Future of [`Protect`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>,
        // Made only when the first poll does not answer: most handlers of a fast service never need a timer.
        #[pin]
        sleep: Option<Sleep>,
        timeout: Duration,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<R, E>>,
    R: IntoResponse,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(Ok(cut(Cut::Panic)));
        };
        match catch_unwind(AssertUnwindSafe(|| inner.poll(task))) {
            Ok(Poll::Ready(answer)) => return Poll::Ready(answer.map(IntoResponse::into_response)),
            Ok(Poll::Pending) => {}
            Err(_) => return Poll::Ready(Ok(cut(Cut::Panic))),
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(tokio::time::sleep(*this.timeout)));
        }
        if let Some(sleep) = this.sleep.as_pin_mut() {
            ready!(sleep.poll(task));
        }
        Poll::Ready(Ok(cut(Cut::Timeout)))
    }
}

/// The panic hook has told of a panic where it happened; here it is only counted.
fn cut(why: Cut) -> Response {
    let problem = match why {
        Cut::Panic => {
            metrics::counter!(metric::PANICS, "where" => "handler").increment(1);
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error")
        }
        Cut::Timeout => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "request_timeout"),
    };
    let mut response = problem.into_response();
    response.extensions_mut().insert(why);
    response
}
