use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use axum::{extract::Request, response::Response};
use belvedere_core::names::metric;
use belvedere_http::{
    GrpcConfig,
    deadline::Limit,
    limits::{Crowd, Place},
};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};
use tower_layer::Layer;
use tower_service::Service;

use super::{GuardedBody, refusal};
use crate::timeout;

/// Holds calls to their deadlines and places, and catches panics. Everything that refuses inside of it is told in gRPC.
#[derive(Debug, Clone)]
pub struct GuardLayer {
    timeout: Duration,
    crowd: Crowd,
}

impl GuardLayer {
    /// As `GRPC__*` says.
    pub fn new(config: &GrpcConfig) -> Self {
        Self {
            timeout: config.timeout_seconds.duration(),
            crowd: Crowd::new(config.max_concurrent_calls),
        }
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard {
            inner,
            rules: self.clone(),
        }
    }
}

/// See [`GuardLayer`].
#[derive(Debug, Clone)]
pub struct Guard<S> {
    inner: S,
    rules: GuardLayer,
}

impl<S> Service<Request> for Guard<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response<GuardedBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Some(place) = self.rules.crowd.enter() else {
            return ResponseFuture::refused(refusal::overloaded());
        };
        let deadline = timeout::read(request.headers()).map(|left| Instant::now() + left);
        // A panic in `call` itself is as good as one in its future.
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(inner) => ResponseFuture::new(inner, self.rules.timeout, deadline, place),
            Err(_) => ResponseFuture::refused(panicked()),
        }
    }
}

/// The panic hook has told of it where it happened; here it is only counted.
fn panicked() -> Response {
    metrics::counter!(metric::PANICS, "where" => "handler").increment(1);
    refusal::panicked()
}

pin_project! {
    /// Future of [`Guard`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>,
        refused: Option<Response>,
        limit: Limit,
        // The caller's, for the whole call.
        deadline: Option<Instant>,
        // Made only when the first poll does not answer.
        #[pin]
        sleep: Option<Sleep>,
        place: Option<Place>,
    }
}

impl<F> ResponseFuture<F> {
    fn new(inner: F, timeout: Duration, deadline: Option<Instant>, place: Place) -> Self {
        let limit = match deadline {
            Some(deadline) => Limit::Until(deadline.min(Instant::now() + timeout)),
            None => Limit::For(timeout),
        };
        Self {
            inner: Some(inner),
            refused: None,
            limit,
            deadline,
            sleep: None,
            place: Some(place),
        }
    }

    const fn refused(response: Response) -> Self {
        Self {
            inner: None,
            refused: Some(response),
            limit: Limit::For(Duration::ZERO),
            deadline: None,
            sleep: None,
            place: None,
        }
    }
}

impl<F, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response<GuardedBody>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            let refused = this.refused.take();
            let refused = refused.expect("polled once when it is ready");
            return Poll::Ready(Ok(refused.map(GuardedBody::of)));
        };
        let poll = || catch_unwind(AssertUnwindSafe(|| inner.poll(task)));
        match this.limit.scope(poll) {
            Ok(Poll::Ready(Ok(response))) => {
                let response = refusal::translated(response);
                let guarded = |body| GuardedBody::new(body, *this.deadline, this.place.take());
                return Poll::Ready(Ok(response.map(guarded)));
            }
            Ok(Poll::Ready(Err(error))) => return Poll::Ready(Err(error)),
            Ok(Poll::Pending) => {}
            Err(_) => return Poll::Ready(Ok(panicked().map(GuardedBody::of))),
        }
        if this.sleep.is_none() {
            let end = this.limit.end();
            this.sleep.set(Some(sleep_until(end.into())));
        }
        if let Some(sleep) = this.sleep.as_pin_mut() {
            ready!(sleep.poll(task));
        }
        let refused = refusal::answer(refusal::timed_out());
        Poll::Ready(Ok(refused.map(GuardedBody::of)))
    }
}
