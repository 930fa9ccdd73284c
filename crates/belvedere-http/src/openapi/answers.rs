//! What the framework answers by itself, and when it can.

use http::StatusCode;
use utoipa::openapi::{
    Content, Ref, RefOr, Response,
    path::{Operation, ParameterIn},
};

use super::problem::{PROBLEM, RETRY_AFTER};
use crate::observe::REQUEST_ID;

const PROBLEM_JSON: &str = "application/problem+json";

/// Where an answer can come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// The caller has to be known.
    Guarded,
    /// Something of the request is read: its path, its query, its body.
    Input,
    /// What is read may have to keep rules: its query, its body.
    Rules,
    Body,
}

/// Status, where it can come from, and what it means.
const ANSWERS: [(StatusCode, When, &str); 11] = [
    (
        StatusCode::BAD_REQUEST,
        When::Input,
        "The input is not what it says.",
    ),
    (
        StatusCode::UNAUTHORIZED,
        When::Guarded,
        "The caller is not known.",
    ),
    (
        StatusCode::REQUEST_TIMEOUT,
        When::Body,
        "The body took too long.",
    ),
    (
        StatusCode::PAYLOAD_TOO_LARGE,
        When::Body,
        "The body is larger than this route takes.",
    ),
    (
        StatusCode::URI_TOO_LONG,
        When::Always,
        "The target is longer than 8 KiB.",
    ),
    (
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        When::Body,
        "The body is not of a type, or an encoding, that is read here.",
    ),
    (
        StatusCode::UNPROCESSABLE_ENTITY,
        When::Rules,
        "The input breaks a rule; `errors` says where.",
    ),
    (
        StatusCode::TOO_MANY_REQUESTS,
        When::Always,
        "The caller asks too often.",
    ),
    (
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        When::Always,
        "The target and headers are larger than 32 KiB.",
    ),
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        When::Always,
        "The service failed; its log tells why, under the same `request_id`.",
    ),
    (
        StatusCode::SERVICE_UNAVAILABLE,
        When::Always,
        "The service, or what it depends on, cannot answer now.",
    ),
];

/// All of them, for `components.responses`.
pub(super) fn all() -> impl Iterator<Item = (String, Response)> {
    ANSWERS.into_iter().map(|(status, _, text)| {
        let mut response = Response::new(text);
        complete(status.as_u16(), &mut response);
        (name(status), response)
    })
}

/// Adds those that `operation` can give and does not tell of itself.
pub(super) fn add(operation: &mut Operation, is_guarded: bool) {
    let reads = |place: ParameterIn| {
        let parameters = operation.parameters.iter().flatten();
        parameters.into_iter().any(
            |parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == place),
        )
    };
    let has_body = operation.request_body.is_some();
    let has_query = reads(ParameterIn::Query);
    let has_path = reads(ParameterIn::Path);
    let can = |when| match when {
        When::Always => true,
        When::Guarded => is_guarded,
        When::Input => has_body || has_query || has_path,
        When::Rules => has_body || has_query,
        When::Body => has_body,
    };
    let applying = ANSWERS.into_iter().filter(|(_, when, _)| can(*when));
    let applying: Vec<_> = applying.map(|(status, ..)| status).collect();
    for status in applying {
        let told = operation
            .responses
            .responses
            .entry(status.as_str().to_owned());
        told.or_insert_with(|| Ref::from_response_name(name(status)).into());
    }
}

/// What the author of a route need not say of an answer: that a refusal is a problem, what its status means, its headers.
pub(super) fn complete(status: u16, response: &mut Response) {
    if response.description.is_empty() {
        let known = StatusCode::from_u16(status).ok();
        let reason = known.and_then(|status| status.canonical_reason());
        reason
            .unwrap_or_default()
            .clone_into(&mut response.description);
    }
    if status >= 400 && response.content.is_empty() {
        let problem = Content::new(Some(Ref::from_schema_name(PROBLEM)));
        response
            .content
            .insert(PROBLEM_JSON.to_owned(), problem.into());
    }
    tell_header(response, REQUEST_ID.as_str());
    if matches!(status, 429 | 503) {
        tell_header(response, RETRY_AFTER);
    }
}

fn tell_header(response: &mut Response, name: &str) {
    let header = Ref::new(format!("#/components/headers/{name}"));
    response.headers.insert(name.to_owned(), RefOr::Ref(header));
}

/// `BadRequest` for 400.
fn name(status: StatusCode) -> String {
    status
        .canonical_reason()
        .unwrap_or_default()
        .replace(' ', "")
}
