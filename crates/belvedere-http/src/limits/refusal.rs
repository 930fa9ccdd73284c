use std::{error::Error, fmt, time::Duration};

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header::ACCEPT_ENCODING};

use super::{Cut, decode::ACCEPTED};
use crate::Problem;

/// When a caller that was turned away may come again: by then a busy service has answered what it had taken on.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a request is not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    UriTooLong,
    HeadTooLarge,
    UnknownEncoding,
    Overloaded,
    Body(Cut),
}

impl Refusal {
    fn problem(self) -> Problem {
        let (status, code, detail) = match self {
            Self::UriTooLong => (
                StatusCode::URI_TOO_LONG,
                "uri_too_long",
                "the target of a request has 8 KiB",
            ),
            Self::HeadTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "request_header_fields_too_large",
                "the target and headers of a request have 32 KiB together, and there are 90 headers at most",
            ),
            Self::UnknownEncoding => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_content_encoding",
                "the body is encoded by something else than gzip or deflate",
            ),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", ""),
            Self::Body(Cut::TooLarge) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                "the body is larger than this route takes",
            ),
            Self::Body(Cut::TooSlow) => (
                StatusCode::REQUEST_TIMEOUT,
                "request_body_timeout",
                "the body took longer than this route waits",
            ),
            Self::Body(Cut::Undecodable) => (
                StatusCode::BAD_REQUEST,
                "undecodable_body",
                "the body is not what its content-encoding says",
            ),
        };
        Problem::new(status, code).detail(detail)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Overloaded => self.problem().retry_after(RETRY_AFTER).into_response(),
            Self::UnknownEncoding => {
                ([(ACCEPT_ENCODING, ACCEPTED)], self.problem()).into_response()
            }
            _ => self.problem().into_response(),
        }
    }
}

/// What a handler is told that reads a body by itself. Whatever it makes of it, its caller is told the reason.
impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the body is too large",
            Self::TooSlow => "the body took too long",
            Self::Undecodable => "the body is not what its content-encoding says",
        })
    }
}

impl Error for Cut {}
