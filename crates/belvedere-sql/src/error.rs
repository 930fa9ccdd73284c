//! What went wrong, in a few words that a label can hold.

use std::{borrow::Cow, time::Duration};

use sqlx::{Error, error::DatabaseError};

/// A call that nobody waited for.
const CANCELLED: &str = "cancelled";
/// A pool that was empty or a server that restarts: most are over by then.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// `read_only_sql_transaction`.
const READ_ONLY: &str = "25006";
/// `character_not_in_repertoire`, and `untranslatable_character`, which is what JSON is told.
const INVALID_TEXT: [&str; 2] = ["22021", "22P05"];
/// The length of an SQLSTATE; SQLite's codes are shorter.
const SQLSTATE_LEN: usize = 5;

/// How a database's own errors are classed: see [`Backend::error_class`](crate::Backend::error_class).
pub(crate) type Classify = fn(&dyn DatabaseError) -> Cow<'static, str>;

/// A failure as signals tell it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// `error.type`.
    pub(crate) class: Cow<'static, str>,
    /// `db.response.status_code`: the SQLSTATE, or SQLite's extended result code.
    pub(crate) code: Option<String>,
    /// Whether it is an error, and not merely an end.
    pub(crate) is_error: bool,
}

impl Failure {
    /// The future was dropped before its end: a client that left, a timeout.
    pub(crate) const fn cancelled() -> Self {
        Self {
            class: Cow::Borrowed(CANCELLED),
            code: None,
            is_error: false,
        }
    }

    pub(crate) fn of(error: &Error, classify: Classify) -> Self {
        let (class, code) = match error {
            Error::Database(error) => (classify(error.as_ref()), error.code().map(Cow::into_owned)),
            other => (Cow::Borrowed(class(other)), None),
        };
        Self {
            class,
            code,
            is_error: true,
        }
    }
}

fn class(error: &Error) -> &'static str {
    match error {
        error if is_over_limit(error) => "timeout",
        Error::PoolTimedOut => "pool_timeout",
        Error::PoolClosed => "pool_closed",
        Error::Io(_) => "io",
        Error::Tls(_) => "tls",
        Error::WorkerCrashed => "worker_crashed",
        Error::Protocol(_) => "protocol",
        Error::Encode(_) => "encode",
        Error::Decode(_) | Error::ColumnDecode { .. } => "decode",
        _ => "other",
    }
}

/// Its caller may wait no longer. Rides in an [`Error::Io`].
#[derive(Debug, thiserror::Error)]
#[error("there is no time left to wait for the database")]
pub(crate) struct OverLimit;

pub(crate) fn is_over_limit(error: &Error) -> bool {
    matches!(error, Error::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<OverLimit>()))
}

/// Whether its connection is of no more use: broken, ended by the server, or to a server that takes no writes.
pub(crate) fn spoils_connection(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => true,
        Error::Database(error) => error.code().is_some_and(|code| is_spoiling_code(&code)),
        _ => false,
    }
}

/// Connection exceptions, the end of a session by an administrator, a crash or a time limit, and a read-only session: what
/// was a primary may be a replica now, and the next connection finds the new one.
fn is_spoiling_code(code: &str) -> bool {
    const SESSION_TIMEOUTS: [&str; 2] = ["25P03", "25P04"];
    code.len() == SQLSTATE_LEN
        && (code.starts_with("08")
            || code.starts_with("57P")
            || code == READ_ONLY
            || SESSION_TIMEOUTS.contains(&code))
}

/// Whether the database could not be reached, or is too busy: nothing that the caller did, and a retry may succeed.
/// A service answers 503.
pub fn is_unavailable(error: &Error) -> bool {
    match error {
        Error::PoolTimedOut
        | Error::PoolClosed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::WorkerCrashed => true,
        Error::Database(error) => error.code().is_some_and(|code| is_unavailable_code(&code)),
        _ => false,
    }
}

/// How a statement's failure is told: 503 with a hint to come back when the database is out of reach, 422 `invalid_text` when
/// PostgreSQL cannot store a text that it was given, else 500.
pub fn failure(error: &Error) -> belvedere_core::Failure {
    if is_unavailable(error) {
        let failure = belvedere_core::Failure::new(503, "database_unavailable");
        return failure.retry_after(RETRY_AFTER);
    }
    if is_invalid_text(error) {
        return belvedere_core::Failure::new(422, "invalid_text");
    }
    belvedere_core::Failure::new(500, "internal_server_error")
}

/// A NUL character, or one that the database's encoding does not have. It is a valid JSON string, and nobody else objects to it.
fn is_invalid_text(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| INVALID_TEXT.contains(&&*code))
}

/// Whether a row with that key is there already, in either database.
pub fn is_unique_violation(error: &Error) -> bool {
    error
        .as_database_error()
        .is_some_and(DatabaseError::is_unique_violation)
}

fn is_unavailable_code(code: &str) -> bool {
    if code.len() == SQLSTATE_LEN {
        // Connection exception, refused user, missing database, insufficient resources, operator intervention (which
        // is a shutdown, a start, or a statement timeout), serialization failure and deadlock, a lock that is not free.
        return code == READ_ONLY
            || ["08", "28", "3D", "40", "53", "55P03", "57"]
                .iter()
                .any(|class| code.starts_with(class));
    }
    is_sqlite_busy(code)
}

/// `SQLITE_BUSY` and its extended codes: another connection has held the lock for longer than the busy timeout.
fn is_sqlite_busy(code: &str) -> bool {
    const BUSY: i32 = 5;
    code.parse::<i32>().is_ok_and(|code| code & 0xff == BUSY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_either_database_tell_whether_it_is_there() {
        for code in [
            "08006", "25006", "28P01", "3D000", "40001", "53300", "55P03", "57P03", "57014", "5",
            "517",
        ] {
            assert!(is_unavailable_code(code), "{code}");
        }
        for code in ["23505", "42P01", "2067", "19", "x"] {
            assert!(!is_unavailable_code(code), "{code}");
        }
    }

    #[test]
    fn a_connection_is_kept_unless_its_session_is_over_or_read_only() {
        for code in ["08006", "57P01", "57P02", "25006", "25P03"] {
            assert!(is_spoiling_code(code), "{code}");
        }
        for code in ["57014", "23505", "25P02", "8", "5"] {
            assert!(!is_spoiling_code(code), "{code}");
        }
    }

    #[test]
    fn errors_of_the_pool_mean_unavailable_and_have_a_class() {
        assert!(is_unavailable(&Error::PoolTimedOut));
        assert!(!is_unavailable(&Error::RowNotFound));
        assert_eq!(class(&Error::PoolTimedOut), "pool_timeout");
        assert_eq!(class(&Error::RowNotFound), "other");
    }
}
