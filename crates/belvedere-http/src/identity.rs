//! Who is asking, as a proxy that has checked it says.

use std::{
    future::{Ready, ready},
    task::{Context, Poll},
};

use axum::{
    extract::{FromRequestParts, Request},
    response::{IntoResponse, Response},
};
use belvedere_core::{Identity, RequestContext};
use futures_util::future::Either;
use http::{HeaderMap, HeaderName, request::Parts};
use tower_layer::Layer;
use tower_service::Service;

use crate::Problem;

/// Sent by a trusted proxy.
const TENANT_HEADER: HeaderName = HeaderName::from_static("x-tenant-id");
/// Sent by a trusted proxy.
const USER_HEADER: HeaderName = HeaderName::from_static("x-user-id");
/// Longest id that is taken.
const MAX_ID: usize = 64;

/// Layer for routes that need a tenant: takes it from `x-tenant-id` (and the user from `x-user-id`), binds both to the
/// request's context, or answers 401. A service that does not trust these headers does not start (`AUTH__TRUSTED_HEADERS`).
#[derive(Debug, Clone, Copy, Default)]
pub struct RequireCaller;

impl<S> Layer<S> for RequireCaller {
    type Service = RequireCallerService<S>;

    fn layer(&self, inner: S) -> RequireCallerService<S> {
        RequireCallerService { inner }
    }
}

/// Service of [`RequireCaller`].
#[derive(Debug, Clone, Copy)]
pub struct RequireCallerService<S> {
    inner: S,
}

impl<S> Service<Request> for RequireCallerService<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response, S::Error>>, S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Some(identity) = identity(request.headers()) else {
            return Either::Left(ready(Ok(Problem::unauthorized().into_response())));
        };
        RequestContext::with(|context| context.bind_identity(identity));
        Either::Right(self.inner.call(request))
    }
}

/// The caller that the request's context knows. Extract it in a handler; 401 where nobody is known.
#[derive(Debug, Clone)]
pub struct Caller(pub Identity);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Problem> {
        let known = RequestContext::with(|context| context.identity().cloned());
        known.flatten().map(Self).ok_or_else(Problem::unauthorized)
    }
}

fn identity(headers: &HeaderMap) -> Option<Identity> {
    Some(Identity {
        tenant_id: id(headers, &TENANT_HEADER)?.into(),
        user_id: id(headers, &USER_HEADER).map(Box::from),
    })
}

/// Letters, digits and `._-@`, at most 64: what may stand in a log line and in a label.
fn id<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let text = headers.get(name)?.to_str().ok()?;
    let fits = !text.is_empty() && text.len() <= MAX_ID;
    let clean = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte));
    (fits && clean).then_some(text)
}
