use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use axum::{Error, body::Body};
use belvedere_http::{deadline::Limit, limits::Place};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};

use super::refusal;
use crate::status;

pin_project! {
    /// The messages of an answer, until the caller's deadline.
    #[derive(Debug)]
    pub struct GuardedBody {
        #[pin]
        inner: Body,
        deadline: Option<Limit>,
        #[pin]
        sleep: Option<Sleep>,
        is_over: bool,
        _place: Option<Place>,
    }
}

impl GuardedBody {
    pub(super) fn new(inner: Body, deadline: Option<Instant>, place: Option<Place>) -> Self {
        // What has ended holds no place.
        let place = place.filter(|_| !inner.is_end_stream());
        Self {
            inner,
            deadline: deadline.map(Limit::Until),
            sleep: None,
            is_over: false,
            _place: place,
        }
    }

    /// Of an answer that is all there is.
    pub(super) fn of(inner: Body) -> Self {
        Self::new(inner, None, None)
    }
}

impl HttpBody for GuardedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut this = self.project();
        if *this.is_over {
            return Poll::Ready(None);
        }
        let Some(limit) = this.deadline else {
            return this.inner.poll_frame(task);
        };
        // The scope must be left before a panic goes on.
        let poll = || catch_unwind(AssertUnwindSafe(|| this.inner.poll_frame(task)));
        let polled = limit
            .scope(poll)
            .unwrap_or_else(|panic| resume_unwind(panic));
        if polled.is_ready() {
            return polled;
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep_until(limit.end().into())));
        }
        let sleep = this.sleep.as_pin_mut();
        if sleep.is_some_and(|sleep| sleep.poll(task).is_pending()) {
            return Poll::Pending;
        }
        *this.is_over = true;
        Poll::Ready(Some(Ok(Frame::trailers(timed_out()))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn timed_out() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    // What it refuses is in no message of ours.
    let _ = status::status(refusal::timed_out()).add_header(&mut trailers);
    trailers
}
