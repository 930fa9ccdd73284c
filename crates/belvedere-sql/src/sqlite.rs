use std::{borrow::Cow, fs, path::Path, str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, Error, Sqlite,
    error::DatabaseError,
    pool::PoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use crate::{Backend, ConnectError, DatabaseConfig};

/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The low byte of an extended result code is the primary one (sqlite.org/rescode.html).
const PRIMARY: i32 = 0xff;

impl Backend for Sqlite {
    const SYSTEM_NAME: &'static str = "sqlite";
    const URL_EXAMPLE: &'static str = "sqlite://data/service.db";
    // A deferred transaction that reads first cannot write after another has: SQLITE_BUSY at once, whatever the timeout.
    const BEGIN: Option<&'static str> = Some("BEGIN IMMEDIATE");
    const MIGRATES_IN: Option<&'static str> = Self::BEGIN;
    // A thread of ours and a file: sqlx asked it when it came back, and nothing has happened to it since.
    const BREAKS_IDLE: bool = false;

    fn options(url: &str, _: &DatabaseConfig) -> Result<SqliteConnectOptions, Error> {
        let options = SqliteConnectOptions::from_str(url)?;
        Ok(options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging())
    }

    /// Creates the directory of the file.
    fn prepare(options: &SqliteConnectOptions) -> Result<(), ConnectError> {
        let directory = options.get_filename().parent().unwrap_or(Path::new(""));
        if directory.as_os_str().is_empty() {
            return Ok(());
        }
        fs::create_dir_all(directory).map_err(|source| ConnectError::Directory {
            path: directory.to_owned(),
            source,
        })
    }

    fn namespace(options: &SqliteConnectOptions) -> String {
        options.get_filename().display().to_string()
    }

    /// A database in memory lives as long as its connection: one, for ever.
    fn pool(url: &str, pool: PoolOptions<Self>) -> PoolOptions<Self> {
        if !url.contains(":memory:") && !url.contains("mode=memory") {
            return pool;
        }
        pool.max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
    }

    /// The name of the primary result code (sqlite.org/rescode.html).
    fn error_class(error: &dyn DatabaseError) -> Cow<'static, str> {
        let code = error.code().and_then(|code| code.parse::<i32>().ok());
        Cow::Borrowed(class(code.unwrap_or_default() & PRIMARY))
    }
}

const fn class(primary: i32) -> &'static str {
    match primary {
        1 => "SQLITE_ERROR",
        5 => "SQLITE_BUSY",
        6 => "SQLITE_LOCKED",
        7 => "SQLITE_NOMEM",
        8 => "SQLITE_READONLY",
        9 => "SQLITE_INTERRUPT",
        10 => "SQLITE_IOERR",
        11 => "SQLITE_CORRUPT",
        13 => "SQLITE_FULL",
        14 => "SQLITE_CANTOPEN",
        18 => "SQLITE_TOOBIG",
        19 => "SQLITE_CONSTRAINT",
        20 => "SQLITE_MISMATCH",
        26 => "SQLITE_NOTADB",
        _ => "SQLITE_OTHER",
    }
}
