//! A layer that asks somebody before each request: at once where the answer is known, without a box or an allocation.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{extract::Request, response::Response};
use belvedere_core::BoxFuture;
use pin_project_lite::pin_project;
use tower_service::Service;

/// Who is asked.
pub(crate) trait Gatekeeper {
    fn ask(&self, request: &Request) -> Entry;
}

/// The answer.
pub(crate) enum Entry {
    /// Go on.
    Open,
    /// Go no further: this is the response.
    Shut(Response),
    /// Not known yet; `None` goes on.
    Waiting(BoxFuture<'static, Option<Response>>),
}

/// A service behind a gate. A caller that is refused never reaches it.
#[derive(Debug, Clone)]
pub struct Gate<K, S> {
    keeper: K,
    inner: S,
}

impl<K, S> Gate<K, S> {
    pub(crate) const fn new(keeper: K, inner: S) -> Self {
        Self { keeper, inner }
    }
}

impl<K, S> Service<Request> for Gate<K, S>
where
    K: Gatekeeper,
    S: Service<Request, Response = Response> + Clone,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let state = match self.keeper.ask(&request) {
            Entry::Open => State::Open {
                future: self.inner.call(request),
            },
            Entry::Shut(response) => State::Shut {
                response: Some(response),
            },
            Entry::Waiting(verdict) => State::Waiting {
                verdict,
                request: Some(request),
                inner: self.ready_inner(),
            },
        };
        ResponseFuture { state }
    }
}

impl<K, S: Clone> Gate<K, S> {
    /// The one that was polled ready goes, its clone stays behind to be polled again.
    fn ready_inner(&mut self) -> S {
        let clone = self.inner.clone();
        std::mem::replace(&mut self.inner, clone)
    }
}

pin_project! {
    /// Future of [`Gate`].
    pub struct ResponseFuture<S>
    where
        S: Service<Request>,
    {
        #[pin]
        state: State<S>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S>
    where
        S: Service<Request>,
    {
        Open {
            #[pin]
            future: S::Future,
        },
        Shut {
            response: Option<Response>,
        },
        Waiting {
            verdict: BoxFuture<'static, Option<Response>>,
            request: Option<Request>,
            inner: S,
        },
    }
}

impl<S: Service<Request>> fmt::Debug for ResponseFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<S> Future for ResponseFuture<S>
where
    S: Service<Request, Response = Response>,
{
    type Output = Result<Response, S::Error>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let future = match state.as_mut().project() {
                StateProjection::Open { future } => return future.poll(task),
                StateProjection::Shut { response } => {
                    let response = response.take();
                    return Poll::Ready(Ok(response.expect("polled once when it is ready")));
                }
                StateProjection::Waiting {
                    verdict,
                    request,
                    inner,
                } => match ready!(verdict.as_mut().poll(task)) {
                    Some(response) => return Poll::Ready(Ok(response)),
                    None => inner.call(request.take().expect("called once")),
                },
            };
            state.set(State::Open { future });
        }
    }
}
