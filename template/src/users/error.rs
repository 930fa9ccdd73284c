use belvedere::{AsFailure, Failure, sql};

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
            return Self::EmailTaken;
        }
        Self::Store(error)
    }
}

impl AsFailure for UserError {
    fn as_failure(&self) -> Failure {
        match self {
            Self::EmailTaken => Failure::new(409, "email_taken").detail(self.to_string()),
            Self::Store(error) => sql::failure(error),
        }
    }
}
