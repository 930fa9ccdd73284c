use std::{any::type_name, borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use belvedere_core::AsFailure;
use http::StatusCode;
use serde::Serialize;

/// What is wrong with one field of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Dotted path, e.g. `items[0].quantity`; empty for the input as a whole.
    pub field: String,
    /// For people.
    pub message: String,
}

/// An error on its way to a caller: `application/problem+json`.
///
/// Handlers return it, or a domain error that implements [`AsFailure`]. Turning it into a response has no side effect: the
/// cause rides along in the response's extensions, and the observe layer logs it once.
#[derive(Debug)]
pub struct Problem(pub(super) Box<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) status: StatusCode,
    pub(super) code: Cow<'static, str>,
    pub(super) detail: Option<Cow<'static, str>>,
    pub(super) errors: Vec<FieldError>,
    pub(super) retry_after: Option<Duration>,
    pub(super) cause: Option<Cause>,
}

/// The error behind it: for the log, never for the caller.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    pub(crate) exc_type: &'static str,
    pub(crate) source: Arc<dyn Error + Send + Sync>,
}

/// What a response's extensions say of the error that made it.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) code: Cow<'static, str>,
    pub(crate) cause: Option<Cause>,
}

impl Problem {
    /// `code` is stable and `snake_case`: clients match on it.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            status,
            code: code.into(),
            detail: None,
            errors: Vec::new(),
            retry_after: None,
            cause: None,
        }))
    }

    /// 400.
    pub fn bad_request(code: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code)
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized").detail("the caller is not known")
    }

    /// 404.
    pub fn not_found(code: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code)
    }

    /// 422 with what is wrong in each field.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed")
            .detail("the input breaks a rule; see errors");
        problem.0.errors = errors;
        problem
    }

    /// 500. `source` is logged and never sent.
    pub fn internal<E: Error + Send + Sync + 'static>(source: E) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error").caused_by(source)
    }

    /// A sentence for the caller. Not sent from status 500 on.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// What is wrong with one field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.errors.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
        self
    }

    /// Sent as `Retry-After` in whole seconds.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    /// Logged with its sources, never sent.
    #[must_use]
    pub fn caused_by<E: Error + Send + Sync + 'static>(mut self, source: E) -> Self {
        self.0.cause = Some(Cause {
            exc_type: type_name::<E>(),
            source: Arc::new(source),
        });
        self
    }

    /// The status it is told with.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.status.as_u16(), self.0.code)
    }
}

/// A domain error decides how it is told; see [`AsFailure`].
impl<E: AsFailure> From<E> for Problem {
    fn from(error: E) -> Self {
        let failure = error.as_failure();
        let status = StatusCode::from_u16(failure.status).ok().filter(is_failure);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut problem = Self::new(status, failure.code);
        problem.0.detail = failure.detail;
        problem.0.retry_after = failure.retry_after;
        problem.caused_by(error)
    }
}

fn is_failure(status: &StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}
