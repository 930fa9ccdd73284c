//! Who is asking, as a proxy that has checked it says.

use axum::{
    extract::{FromRequestParts, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use belvedere_core::{Identity, RequestContext};
use http::{HeaderMap, request::Parts};

use crate::Problem;

/// Sent by a trusted proxy.
const TENANT_HEADER: &str = "x-tenant-id";
/// Sent by a trusted proxy.
const USER_HEADER: &str = "x-user-id";
/// Longest id that is taken.
const MAX_ID: usize = 64;

/// The caller, bound to the request by [`require_caller`]. Extract it in a handler.
#[derive(Debug, Clone)]
pub struct Caller(pub Identity);

/// Middleware for routes that need a tenant: takes it from trusted headers, binds it to the request's context, or
/// answers 401.
pub async fn require_caller(mut request: Request, next: Next) -> Response {
    let Some(identity) = identity(request.headers()) else {
        return Problem::unauthorized().into_response();
    };
    RequestContext::with(|context| context.bind_identity(identity.clone()));
    request.extensions_mut().insert(Caller(identity));
    next.run(request).await
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(Problem::unauthorized)
    }
}

fn identity(headers: &HeaderMap) -> Option<Identity> {
    Some(Identity {
        tenant_id: id(headers, TENANT_HEADER)?.into(),
        user_id: id(headers, USER_HEADER).map(Box::from),
    })
}

/// Letters, digits and `._-@`, at most 64: what may stand in a log line and in a label.
fn id<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let text = headers.get(name)?.to_str().ok()?;
    let fits = !text.is_empty() && text.len() <= MAX_ID;
    let clean = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte));
    (fits && clean).then_some(text)
}
