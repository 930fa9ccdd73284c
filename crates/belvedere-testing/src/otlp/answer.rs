//! How the receiver answers.

use std::time::{Duration, SystemTime};

use axum::{
    extract::{Request, State},
    http::{
        StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use tonic::Code;
use tonic_types::{ErrorDetails, StatusExt};

use super::store::{ReceivedRequest, Store};

/// How some requests are answered. Every one after them is taken.
#[derive(Debug, Clone, Copy)]
pub struct OtlpAnswer {
    /// How many are answered like this.
    pub times: usize,
    /// HTTP status; over gRPC the code that stands for it. Anything but 200 takes nothing.
    pub status: u16,
    /// What the answer waits for.
    pub delay: Duration,
    /// How many records of a request it says it has not taken.
    pub rejected: i64,
    /// What it says of that; with nothing rejected, what it objects to.
    pub words: &'static str,
    /// When it wants to be asked again, if it says so.
    pub retry_after: Option<RetryAfter>,
}

/// How a receiver that takes nothing names its pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// `Retry-After` in whole seconds; over gRPC `google.rpc.RetryInfo`.
    In(Duration),
    /// `Retry-After` as a date, this far from now. gRPC has none.
    OnDate(Duration),
}

impl Default for OtlpAnswer {
    fn default() -> Self {
        Self {
            times: usize::MAX,
            status: 200,
            delay: Duration::ZERO,
            rejected: 0,
            words: "",
            retry_after: None,
        }
    }
}

/// Remembers each request, and answers as it was asked to.
pub(super) async fn answer(
    State(store): State<Store>,
    mut request: Request,
    next: Next,
) -> Response {
    let seen = ReceivedRequest::of(&request);
    let is_grpc = seen.headers.get(CONTENT_TYPE.as_str());
    let is_grpc = is_grpc.is_some_and(|kind| kind.starts_with("application/grpc"));
    let answer = store.next_answer();
    store.seen(seen);
    tokio::time::sleep(answer.delay).await;
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    if status == StatusCode::OK {
        request.extensions_mut().insert(answer);
        return next.run(request).await;
    }
    if is_grpc {
        return grpc(status, answer.retry_after).into_http();
    }
    match answer.retry_after.map(RetryAfter::header) {
        Some(value) => (status, [(RETRY_AFTER, value)]).into_response(),
        None => status.into_response(),
    }
}

impl RetryAfter {
    fn header(self) -> String {
        match self {
            Self::In(pause) => pause.as_secs().to_string(),
            Self::OnDate(pause) => httpdate::fmt_http_date(SystemTime::now() + pause),
        }
    }

    const fn delay(self) -> Option<Duration> {
        match self {
            Self::In(pause) => Some(pause),
            Self::OnDate(_) => None,
        }
    }
}

fn grpc(status: StatusCode, retry_after: Option<RetryAfter>) -> tonic::Status {
    let code = match status.as_u16() {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        429 => Code::ResourceExhausted,
        503 => Code::Unavailable,
        _ => Code::Internal,
    };
    let mut details = ErrorDetails::new();
    if let Some(pause) = retry_after.and_then(RetryAfter::delay) {
        details.set_retry_info(Some(pause));
    }
    let message = "as it was asked to";
    tonic::Status::with_error_details(code, message, details)
}
