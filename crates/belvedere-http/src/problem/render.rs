use axum::response::{IntoResponse, Response};
use belvedere_core::RequestContext;
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;

use super::{Failure, FieldError, Problem, ProblemParts};

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
/// RFC 6750, section 3: that there is a scheme, and nothing of what was wrong.
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// RFC 9457, section 3.1, with our extension members.
#[derive(Serialize)]
struct Body<'p> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    error: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'p [FieldError],
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let problem = self.into_parts();
        let body = serde_json::to_vec(&Body::of(&problem)).unwrap_or_default();
        let mut response = (problem.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        // A 404 or 405 may be kept by caches otherwise (RFC 9111, section 4.2.2), with the ids of somebody else's request.
        headers.insert(CACHE_CONTROL, NO_STORE);
        if problem.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, BEARER);
        }
        if let Some(after) = problem.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Failure {
            code: problem.code,
            cause: problem.cause,
        });
        response
    }
}

impl<'p> Body<'p> {
    fn of(problem: &'p ProblemParts) -> Self {
        let ids = RequestContext::with(|context| {
            (
                context.path().into_owned(),
                context.request_id().to_owned(),
                context.trace_id().to_string(),
            )
        });
        let (instance, request_id, trace_id) = ids
            .map_or((None, None, None), |(path, request_id, trace_id)| {
                (Some(path), Some(request_id), Some(trace_id))
            });
        Self {
            r#type: "about:blank",
            title: problem.status.canonical_reason().unwrap_or("Error"),
            status: problem.status.as_u16(),
            detail: problem.detail.as_deref(),
            instance,
            error: &problem.code,
            request_id,
            trace_id,
            errors: &problem.errors,
        }
    }
}
