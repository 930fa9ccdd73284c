use std::{borrow::Cow, error::Error, fmt, time::Duration};

use belvedere_core::{AsFailure, Cause, redact_text};
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
pub struct Problem(Box<ProblemParts>);

/// What a problem says, and to whom.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProblemParts {
    /// From 400 on.
    pub status: StatusCode,
    /// Stable and `snake_case`.
    pub code: Cow<'static, str>,
    /// A sentence for the caller.
    pub detail: Option<Cow<'static, str>>,
    /// What is wrong with each field of the input.
    pub errors: Vec<FieldError>,
    /// When a retry may succeed.
    pub retry_after: Option<Duration>,
    /// For the log, never for the caller.
    pub cause: Option<Cause>,
}

/// What a response's extensions say of the error that made it.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Stable and `snake_case`.
    pub code: Cow<'static, str>,
    /// For the log, never for the caller.
    pub cause: Option<Cause>,
}

impl Problem {
    /// `code` is stable and `snake_case`: clients match on it.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(ProblemParts {
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
        self.0.cause = Some(Cause::new(source));
        self
    }

    /// The status it is told with.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// All of it, as it may be told: no secrets, and from status 500 on no detail, which may be about our inside.
    pub fn into_parts(self) -> ProblemParts {
        let mut parts = *self.0;
        if parts.status.is_server_error() {
            parts.detail = None;
        }
        // What a parser says tends to repeat what it was given.
        if let Some(Cow::Owned(shown)) = parts.detail.as_deref().map(redact_text) {
            parts.detail = Some(shown.into());
        }
        for error in &mut parts.errors {
            if let Cow::Owned(shown) = redact_text(&error.message) {
                error.message = shown;
            }
        }
        parts
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
