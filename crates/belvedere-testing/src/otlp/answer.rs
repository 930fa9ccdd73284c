//! How the receiver answers.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
};

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
}

impl Default for OtlpAnswer {
    fn default() -> Self {
        Self {
            times: usize::MAX,
            status: 200,
            delay: Duration::ZERO,
            rejected: 0,
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
        return grpc(status).into_http();
    }
    status.into_response()
}

fn grpc(status: StatusCode) -> tonic::Status {
    let message = "as it was asked to";
    match status.as_u16() {
        400 => tonic::Status::invalid_argument(message),
        401 => tonic::Status::unauthenticated(message),
        429 => tonic::Status::resource_exhausted(message),
        503 => tonic::Status::unavailable(message),
        _ => tonic::Status::internal(message),
    }
}
