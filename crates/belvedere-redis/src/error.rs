use std::{
    error::Error,
    io::{self, ErrorKind as Io},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use belvedere_core::{AsFailure, Failure};
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Most of what keeps Redis from answering is over by then.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Longest code of an error answer that a label may hold.
const MAX_CODE: usize = 16;

/// Why there is no Redis. No URL in it shows a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// There is no URL, and one is needed.
    #[error(
        "REDIS_URL is not set, and REDIS__REQUIRED is true: set it to something like `redis://127.0.0.1:6379/0`"
    )]
    NotSet,
    /// The URL cannot be read.
    #[error(
        "the redis url `{url}` cannot be read: set REDIS_URL to something like `redis://127.0.0.1:6379/0`"
    )]
    InvalidUrl {
        /// Without its password.
        url: String,
        /// What is wrong with it.
        source: RedisError,
    },
    /// The certificates cannot be read.
    #[error("the certificates `{}` cannot be read: check REDIS__CA_FILE", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is required, and did not answer in time.
    #[error("the redis at `{url}` did not answer within {} s: check that it runs and that REDIS_URL is right", waited.as_secs())]
    Unreachable {
        /// Without its password.
        url: String,
        /// How long it was tried.
        waited: Duration,
        /// What the last try met.
        source: RedisError,
    },
}

impl ConnectError {
    /// Whether it is a setting that is wrong, and not Redis.
    pub const fn is_setting(&self) -> bool {
        !matches!(self, Self::Unreachable { .. })
    }
}

/// A command that failed, for handlers that cannot do without Redis: told as 503 `redis_unavailable` where Redis did not answer,
/// else as 500.
#[derive(Debug, thiserror::Error)]
#[error("redis: {0}")]
pub struct RedisFailed(#[from] pub RedisError);

impl AsFailure for RedisFailed {
    fn as_failure(&self) -> Failure {
        if is_unavailable(&self.0) {
            return Failure::new(503, "redis_unavailable").retry_after(RETRY_AFTER);
        }
        Failure::new(500, "internal_server_error")
    }
}

/// No answer within the time of a command.
pub(crate) fn timed_out() -> RedisError {
    io::Error::new(Io::TimedOut, "no answer in time").into()
}

/// It failed a moment ago, and is left alone.
pub(crate) fn left_alone() -> RedisError {
    io::Error::new(Io::HostUnreachable, "left alone after failures").into()
}

/// Whether Redis could not be asked, as opposed to an answer that is an error.
pub(crate) fn is_unavailable(error: &RedisError) -> bool {
    let busy = matches!(
        error.kind(),
        ErrorKind::Server(
            ServerErrorKind::BusyLoading
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::ReadOnly
        )
    );
    busy || error.is_io_error() || error.is_unrecoverable_error()
}

/// Whether another connection may do better: this one is to a server that has become a replica.
pub(crate) fn is_read_only(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

/// `error.type` of what has no code of Redis's own.
pub(crate) fn class(error: &RedisError) -> &'static str {
    if error.is_timeout() {
        return "timeout";
    }
    match error.kind() {
        ErrorKind::Io if is_left_alone(error) => "circuit_open",
        ErrorKind::Io => "io",
        ErrorKind::AuthenticationFailed => "refused",
        ErrorKind::Server(_) | ErrorKind::Extension => "server",
        ErrorKind::Parse => "protocol",
        ErrorKind::UnexpectedReturnType => "decode",
        _ => "other",
    }
}

fn is_left_alone(error: &RedisError) -> bool {
    let source = error.source();
    let shared = source.and_then(|source| source.downcast_ref::<Arc<dyn Error + Send + Sync>>());
    let io = shared.and_then(|shared| shared.downcast_ref::<io::Error>());
    io.is_some_and(|io| io.kind() == Io::HostUnreachable && io.raw_os_error().is_none())
}

/// The first word of an error answer, such as `WRONGTYPE`: Redis's own, or a script's.
pub(crate) fn code(error: &RedisError) -> Option<&str> {
    let code = error.code()?;
    let is_clean = code.bytes().all(|byte| byte.is_ascii_uppercase());
    (is_clean && code.len() <= MAX_CODE).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_a_class_and_says_whether_redis_was_there() {
        let refused = RedisError::from(io::Error::from(Io::ConnectionRefused));
        let wrong = RedisError::from((ErrorKind::UnexpectedReturnType, "not a number"));
        assert_eq!(
            [&timed_out(), &left_alone(), &refused, &wrong].map(class),
            ["timeout", "circuit_open", "io", "decode"]
        );
        assert_eq!(
            [&timed_out(), &left_alone(), &refused, &wrong].map(is_unavailable),
            [true, true, true, false]
        );
        assert_eq!(RedisFailed(refused).as_failure().status, 503);
        assert_eq!(RedisFailed(wrong).as_failure().status, 500);
    }
}
