//! Status codes: their names, and what they are in HTTP (`google/rpc/code.proto`).

use http::StatusCode;
use tonic::Code;

/// How many there are.
pub(crate) const COUNT: usize = 17;

const NAMES: [&str; COUNT] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

const IN_HTTP: [u16; COUNT] = [
    200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];

/// As in labels and spans.
pub(crate) const fn name(code: Code) -> &'static str {
    NAMES[code as usize]
}

/// The HTTP status that says the same.
pub(crate) const fn in_http(code: Code) -> u16 {
    IN_HTTP[code as usize]
}

/// Whether it is the service that has failed, and not its caller.
pub(crate) const fn is_failure(code: Code) -> bool {
    in_http(code) >= 500
}

/// The code that says what an HTTP status does.
pub(crate) const fn of_http(status: StatusCode) -> Code {
    match status.as_u16() {
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 | 410 => Code::NotFound,
        408 | 504 => Code::DeadlineExceeded,
        // Not ABORTED, which asks the caller to try again.
        402 | 409 | 412 | 428 => Code::FailedPrecondition,
        413 | 429 => Code::ResourceExhausted,
        499 => Code::Cancelled,
        400..=498 => Code::InvalidArgument,
        501 => Code::Unimplemented,
        502 | 503 => Code::Unavailable,
        _ => Code::Internal,
    }
}

/// What an answer without a status is to be taken for.
///
/// <https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>
pub(crate) const fn without_status(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_name() {
        for value in 0..COUNT as i32 {
            let code = Code::from_i32(value);
            assert_eq!(code as i32, value);
            let spoken = format!("{code:?}").to_uppercase();
            assert_eq!(name(code).replace('_', ""), spoken);
        }
    }

    #[test]
    fn what_is_told_to_be_a_failure_in_one_protocol_is_one_in_the_other() {
        for status in 400..600 {
            let code = of_http(StatusCode::from_u16(status).unwrap());
            assert_eq!(is_failure(code), status >= 500 || status == 408, "{status}");
        }
    }
}
