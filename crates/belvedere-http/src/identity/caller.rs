use axum::extract::FromRequestParts;
use belvedere_core::{Identity, RequestContext};
use http::request::Parts;

use crate::Problem;

/// The caller that the request's context knows. Extract it in a handler; 401 where nobody is known, as on a route that is open.
#[derive(Debug, Clone)]
pub struct Caller(pub Identity);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Problem> {
        let known = RequestContext::with(|context| context.identity().cloned());
        known.flatten().map(Self).ok_or_else(Problem::unauthorized)
    }
}
