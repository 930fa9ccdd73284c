use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::response::{IntoResponse, Response};
use belvedere_core::names::metric;
use http::StatusCode;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::{Cut, compress::Wish};
use crate::{
    Problem,
    deadline::Limit,
    limits::{Allowance, Place, Refusal},
};

/// Why there is no handler to poll.
#[derive(Debug, Clone, Copy)]
pub(super) enum Uncalled {
    Refused(Refusal),
    Panicked,
}

pin_project! {
    /// Future of [`Protect`](super::Protect).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>,
        uncalled: Option<Uncalled>,
        // Made only when the first poll does not answer: most handlers of a fast service never need a timer.
        #[pin]
        sleep: Option<Sleep>,
        timeout: Duration,
        limit: Limit,
        allowance: Option<Arc<Allowance>>,
        wish: Wish,
        // Dropped with the future: a body that is still being sent holds no place.
        _place: Option<Place>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(
        inner: F,
        timeout: Duration,
        place: Place,
        allowance: Option<Arc<Allowance>>,
        wish: Wish,
    ) -> Self {
        Self {
            inner: Some(inner),
            uncalled: None,
            sleep: None,
            timeout,
            limit: Limit::For(timeout),
            allowance,
            wish,
            _place: Some(place),
        }
    }

    pub(super) const fn uncalled(why: Uncalled) -> Self {
        Self {
            inner: None,
            uncalled: Some(why),
            sleep: None,
            timeout: Duration::ZERO,
            limit: Limit::For(Duration::ZERO),
            allowance: None,
            wish: Wish::NONE,
            _place: None,
        }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<R, E>>,
    R: IntoResponse,
{
    type Output = Result<Response, E>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_mut().project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(Ok(uncalled(*this.uncalled)));
        };
        if let Some(deadline) = later(this.allowance.as_deref(), *this.timeout) {
            *this.limit = Limit::Until(deadline.into());
        }
        let poll = || catch_unwind(AssertUnwindSafe(|| inner.poll(task)));
        match this.limit.scope(poll) {
            Ok(Poll::Ready(answer)) => {
                let answer = answer.map(IntoResponse::into_response);
                let answer = answer.map(|answer| told(answer, this.allowance.as_deref()));
                return Poll::Ready(answer.map(|answer| this.wish.grant(answer)));
            }
            Ok(Poll::Pending) => {}
            Err(_) => return Poll::Ready(Ok(panicked())),
        }
        ready!(self.poll_timeout(task));
        Poll::Ready(Ok(timed_out()))
    }
}

impl<F> ResponseFuture<F> {
    fn poll_timeout(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if this.sleep.is_none() {
            let end = this.limit.end();
            this.sleep.set(Some(tokio::time::sleep_until(end.into())));
        }
        let Some(mut sleep) = this.sleep.as_pin_mut() else {
            return Poll::Ready(());
        };
        loop {
            ready!(sleep.as_mut().poll(task));
            match later(this.allowance.as_deref(), *this.timeout) {
                Some(deadline) if deadline > Instant::now() => sleep.as_mut().reset(deadline),
                _ => return Poll::Ready(()),
            }
        }
    }
}

/// When a handler has to be done that waits for its caller, or has.
fn later(allowance: Option<&Allowance>, timeout: Duration) -> Option<Instant> {
    allowance.and_then(|allowance| allowance.handler_deadline(timeout))
}

fn uncalled(why: Option<Uncalled>) -> Response {
    match why {
        Some(Uncalled::Refused(Refusal::Overloaded)) => {
            cut(Cut::Shed, Refusal::Overloaded.into_response())
        }
        Some(Uncalled::Refused(refusal)) => refusal.into_response(),
        Some(Uncalled::Panicked) | None => panicked(),
    }
}

/// An extractor can only say that a body broke; here is known why it did.
fn told(answer: Response, allowance: Option<&Allowance>) -> Response {
    let status = answer.status();
    let has_failed = status.is_client_error() || status.is_server_error();
    match allowance.and_then(Allowance::why_cut) {
        Some(why) if has_failed => Refusal::Body(why).into_response(),
        _ => answer,
    }
}

/// The panic hook has told of a panic where it happened; here it is only counted.
fn panicked() -> Response {
    metrics::counter!(metric::PANICS, "where" => "handler").increment(1);
    let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error");
    cut(Cut::Panic, problem.into_response())
}

fn timed_out() -> Response {
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "request_timeout");
    cut(Cut::Timeout, problem.into_response())
}

fn cut(why: Cut, mut response: Response) -> Response {
    response.extensions_mut().insert(why);
    response
}
