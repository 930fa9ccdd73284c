//! What keeps one request from harming the others: panics are caught, handlers have a time limit, heads a size.
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

/// Bytes of a request's target and headers: four times what browsers and proxies send at most.
const MAX_HEAD: usize = 32 * 1024;

/// Why a response is not the handler's own. Rides in the response's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Panic,
    Timeout,
}

/// Catches panics (500), ends handlers that take too long (503), and refuses heads over 32 KiB (431).
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
        let called = if head_bytes(&request) > MAX_HEAD {
            Err(Uncalled::HeadTooLarge)
        } else {
            catch_unwind(AssertUnwindSafe(|| self.inner.call(request)))
                .map_err(|_| Uncalled::Panicked)
        };
        ResponseFuture {
            uncalled: called.as_ref().err().copied(),
            inner: called.ok(),
            sleep: None,
            timeout: self.timeout,
        }
    }
}

/// Why there is no handler to poll.
#[derive(Debug, Clone, Copy)]
enum Uncalled {
    HeadTooLarge,
    Panicked,
}

fn head_bytes<B>(request: &Request<B>) -> usize {
    let path = request.uri().path_and_query();
    let headers = request.headers().iter();
    headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum::<usize>()
        + path.map_or(0, |path| path.as_str().len())
}

pin_project! {
    /// Future of [`Protect`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>,
        uncalled: Option<Uncalled>,
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
            return Poll::Ready(Ok(match this.uncalled {
                Some(Uncalled::HeadTooLarge) => head_too_large(),
                Some(Uncalled::Panicked) | None => cut(Cut::Panic),
            }));
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

fn head_too_large() -> Response {
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    Problem::new(status, "request_header_fields_too_large")
        .detail("the target and headers of a request have 32 KiB together")
        .into_response()
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
