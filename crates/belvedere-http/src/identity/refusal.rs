use std::time::Duration;

use axum::response::{IntoResponse, Response};
use belvedere_core::names::{event, metric};
use http::StatusCode;

use crate::Problem;

/// The next attempt at the issuer's keys is made by then.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Why a caller is not known: the closed set of `auth_failures_total{reason}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("no credentials were sent")]
    Missing,
    #[error("the credentials cannot be read")]
    Malformed,
    #[error("the token is signed by another algorithm than its key is for")]
    Algorithm,
    #[error("the token is signed with a key that is not known")]
    UnknownKey,
    #[error("the signature is wrong")]
    Signature,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYetValid,
    #[error("the token is from another issuer")]
    Issuer,
    #[error("the token is for another audience")]
    Audience,
    #[error("a claim is missing or of the wrong kind")]
    Claims,
    #[error("the issuer's keys are not known yet")]
    KeysUnavailable,
}

impl Refusal {
    const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Algorithm => "algorithm",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Claims => "claims",
            Self::KeysUnavailable => "keys_unavailable",
        }
    }

    /// Counts and tells it to the operator, and nothing of it to the caller.
    pub(super) fn answer(self) -> Response {
        let reason = self.reason();
        metrics::counter!(metric::AUTH_FAILURES, "reason" => reason).increment(1);
        tracing::info!(message = event::CALLER_REFUSED, reason);
        match self {
            Self::KeysUnavailable => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                let problem = Problem::new(status, "identity_unavailable").caused_by(self);
                problem.retry_after(RETRY_AFTER).into_response()
            }
            _ => Problem::unauthorized().into_response(),
        }
    }
}
