//! Failures that mean something to a caller, told apart where the statement is run.

use belvedere_core::{AsFailure, Failure};
use sqlx::{
    Error,
    error::{DatabaseError, ErrorKind},
};

use crate::failure;

const CONFLICT: u16 = 409;
const UNPROCESSABLE: u16 = 422;

/// What a statement's failure means to a caller; everything else is 503 or 500, as [`failure`] says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// A constraint that the call site has named.
    #[error("{code}")]
    Constraint {
        /// 409 or 422.
        status: u16,
        /// What the caller is told.
        code: &'static str,
        /// What the database said.
        source: Error,
    },
    /// No row, where the call site says that this is the caller's mistake.
    #[error("{0}")]
    NotFound(&'static str),
    /// Anything else.
    #[error(transparent)]
    Other(#[from] Error),
}

impl AsFailure for QueryError {
    fn as_failure(&self) -> Failure {
        match self {
            Self::Constraint { status, code, .. } => Failure::new(*status, code),
            Self::NotFound(code) => Failure::new(404, code),
            Self::Other(error) => failure(error),
        }
    }
}

/// Says at the call site what a failure means.
///
/// ```
/// use belvedere_sql::{Db, QueryError, QueryResultExt};
///
/// # async fn example(db: Db<sqlx::Sqlite>) -> Result<(), QueryError> {
/// sqlx::query("INSERT INTO users (email) VALUES (?)")
///     .bind("ada@example.com")
///     .execute(&db)
///     .await
///     .conflict_on("users_email", "email_taken")?;
/// # Ok(())
/// # }
/// ```
///
/// PostgreSQL tells a constraint's name. SQLite tells that of a check alone: there, a violation of uniqueness is that of any
/// constraint whose name begins with the table's, and one of a foreign key is that of any name in [`invalid_on`].
///
/// [`invalid_on`]: QueryResultExt::invalid_on
pub trait QueryResultExt<T>: Sized {
    /// 409 with `code` when `constraint` is violated: somebody else was there first.
    ///
    /// # Errors
    ///
    /// The statement's.
    fn conflict_on(self, constraint: &str, code: &'static str) -> Result<T, QueryError>;

    /// 422 with `code` when `constraint` is violated: what was sent cannot be.
    ///
    /// # Errors
    ///
    /// The statement's.
    fn invalid_on(self, constraint: &str, code: &'static str) -> Result<T, QueryError>;

    /// 404 with `code` when `fetch_one` finds no row. Nothing else makes it so: a row that has to be there is a 500.
    ///
    /// # Errors
    ///
    /// The statement's.
    fn or_not_found(self, code: &'static str) -> Result<T, QueryError>;
}

impl<T, E: Into<QueryError>> QueryResultExt<T> for Result<T, E> {
    fn conflict_on(self, constraint: &str, code: &'static str) -> Result<T, QueryError> {
        self.map_err(|error| on(error.into(), constraint, CONFLICT, code))
    }

    fn invalid_on(self, constraint: &str, code: &'static str) -> Result<T, QueryError> {
        self.map_err(|error| on(error.into(), constraint, UNPROCESSABLE, code))
    }

    fn or_not_found(self, code: &'static str) -> Result<T, QueryError> {
        self.map_err(|error| match error.into() {
            QueryError::Other(Error::RowNotFound) => QueryError::NotFound(code),
            other => other,
        })
    }
}

fn on(error: QueryError, constraint: &str, status: u16, code: &'static str) -> QueryError {
    match error {
        QueryError::Other(source) if violates(&source, constraint, status) => {
            QueryError::Constraint {
                status,
                code,
                source,
            }
        }
        other => other,
    }
}

fn violates(error: &Error, constraint: &str, status: u16) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.constraint().map_or_else(
            || is_likely(error, constraint, status),
            |violated| violated == constraint,
        )
    })
}

/// `UNIQUE constraint failed: users.tenant_id, users.email`, `CHECK constraint failed: name`, `FOREIGN KEY constraint failed`.
fn is_likely(error: &dyn DatabaseError, constraint: &str, status: u16) -> bool {
    let message = error.message();
    let what = message.rsplit_once(": ").map_or("", |(_, what)| what);
    match error.kind() {
        ErrorKind::UniqueViolation => {
            let table = what.split_once('.').map_or(what, |(table, _)| table);
            !table.is_empty() && constraint.starts_with(table)
        }
        ErrorKind::CheckViolation => what == constraint,
        ErrorKind::ForeignKeyViolation => status == UNPROCESSABLE,
        _ => false,
    }
}
