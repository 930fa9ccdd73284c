use std::{
    future::{Ready, ready},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use futures_util::future::Either;
use tower_layer::Layer;
use tower_service::Service;

use super::{Allowance, Cut, Refusal};

/// The largest limit that a route of this process has of its own.
static LARGEST: AtomicU64 = AtomicU64::new(0);

/// What no route takes is refused before anybody is asked which one it is for.
pub(crate) fn largest(default: u64) -> u64 {
    default.max(LARGEST.load(Relaxed))
}

/// What the bodies of a route may take, where that is more or less than `HTTP__BODY_LIMIT_BYTES` and
/// `HTTP__BODY_TIMEOUT_SECONDS`. A layer for a route or a router; see [the module](super). Where two are nested, the inner one
/// holds, and a declared length has to pass both.
///
/// It stands in for axum's `DefaultBodyLimit`, which is off, and holds for every extractor and for what is read by hand.
#[derive(Debug, Clone, Copy, Default)]
#[must_use = "a limit holds for what it is laid around"]
pub struct BodyLimit {
    bytes: Option<u64>,
    time: Option<Duration>,
}

impl BodyLimit {
    /// No other than the service's.
    pub const fn new() -> Self {
        Self {
            bytes: None,
            time: None,
        }
    }

    /// Largest body, also after it was decompressed; past it the caller gets 413.
    pub const fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// Longest time from the request's head to the end of its body; past it the caller gets 408. The handler's own time
    /// (`HTTP__TIMEOUT_SECONDS`) does not run while it waits for its caller.
    pub const fn time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    fn apply(self, allowance: &Allowance) -> Result<(), Refusal> {
        if let Some(time) = self.time {
            allowance.allow_time(time);
        }
        if let Some(bytes) = self.bytes {
            allowance.allow_bytes(bytes);
        }
        if allowance.is_passed_by(0) {
            return Err(Refusal::Body(Cut::TooLarge));
        }
        Ok(())
    }
}

impl<S> Layer<S> for BodyLimit {
    type Service = BodyLimited<S>;

    fn layer(&self, inner: S) -> BodyLimited<S> {
        LARGEST.fetch_max(self.bytes.unwrap_or(0), Relaxed);
        BodyLimited {
            inner,
            limit: *self,
        }
    }
}

/// Service of [`BodyLimit`].
#[derive(Debug, Clone, Copy)]
pub struct BodyLimited<S> {
    inner: S,
    limit: BodyLimit,
}

/// Future of [`BodyLimited`].
pub type ResponseFuture<F, E> = Either<Ready<Result<Response, E>>, F>;

impl<S> Service<Request> for BodyLimited<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let allowance = Allowance::of(request.extensions());
        match allowance.map_or(Ok(()), |allowance| self.limit.apply(allowance)) {
            Ok(()) => Either::Right(self.inner.call(request)),
            Err(refusal) => Either::Left(ready(Ok(refusal.into_response()))),
        }
    }
}
