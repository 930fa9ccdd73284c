use std::borrow::Cow;

use belvedere::{AsFailure, sql};

/// Why a sign-up did not work.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error("this address has signed up already")]
    EmailTaken,
    #[error("the users could not be read or written")]
    Store(#[source] sqlx::Error),
}

impl From<sqlx::Error> for UserError {
    fn from(error: sqlx::Error) -> Self {
        if sql::is_unique_violation(&error) {
            Self::EmailTaken
        } else {
            Self::Store(error)
        }
    }
}

impl AsFailure for UserError {
    fn status(&self) -> u16 {
        match self {
            Self::EmailTaken => 409,
            Self::Store(error) if sql::is_unavailable(error) => 503,
            Self::Store(_) => 500,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::EmailTaken => "email_taken",
            Self::Store(error) if sql::is_unavailable(error) => "database_unavailable",
            Self::Store(_) => "internal_server_error",
        }
    }

    fn detail(&self) -> Option<Cow<'static, str>> {
        Some(self.to_string().into())
    }
}
