//! What differs between databases, and a query that any of them can run.

use std::{borrow::Cow, env, fmt, time::Duration};

use futures_core::{future::BoxFuture, stream::BoxStream};
use sqlx::{
    AssertSqlSafe, Connection, Database, Describe, Either, Error, Execute, Executor, SqlSafeStr,
    SqlStr,
    error::{BoxDynError, DatabaseError},
    migrate::Migrate,
    pool::PoolOptions,
};

use crate::{
    ConnectError, DatabaseConfig,
    statement::{Commented, Running},
};

/// What a program is called when nothing better is known.
const UNKNOWN: &str = "belvedere";

/// What a statement sends back: the rows, and after them how many were affected.
pub(crate) type Step<DB> = Either<<DB as Database>::QueryResult, <DB as Database>::Row>;
/// The steps as they come.
pub(crate) type Steps<'e, DB> = BoxStream<'e, Result<Step<DB>, Error>>;
/// How a connection is opened.
pub(crate) type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

/// A database that [`Db`](crate::Db) can watch. Sealed: implemented for `sqlx::Sqlite` and `sqlx::Postgres`.
pub trait Backend:
    Driver + Database<Arguments: 'static, Statement: 'static, Connection: Migrate + 'static>
{
    /// `db.system.name` (OpenTelemetry semantic conventions, database attributes).
    const SYSTEM_NAME: &'static str;

    /// What such a URL looks like, for people.
    const URL_EXAMPLE: &'static str;

    /// What begins a transaction, where it is not a plain `BEGIN`.
    const BEGIN: Option<&'static str> = None;

    /// What fails in a transaction that can only be rolled back, where `COMMIT` does not.
    const PROBE: Option<&'static str> = None;

    /// What begins the transaction that all migrations run in, where there is no lock for them.
    const MIGRATES_IN: Option<&'static str> = None;

    /// Whether a connection may break while nobody uses it: it is asked before it is used again.
    const BREAKS_IDLE: bool = true;

    /// How long a statement that nobody waits for any more may keep its connection; `None`: to its end.
    const ABANDONED_FOR: Option<Duration> = None;

    /// Reads a URL and sets what a service needs. sqlx's own statement log is off: ours replaces it.
    ///
    /// # Errors
    ///
    /// When the URL cannot be read.
    fn options(url: &str, config: &DatabaseConfig) -> Result<Options<Self>, Error>;

    /// Adapts the options to the server behind `connection`.
    fn learn(
        _connection: &mut Self::Connection,
        options: Options<Self>,
    ) -> impl Future<Output = Learned<Self>> + Send {
        std::future::ready(Learned {
            options,
            max_connections: None,
        })
    }

    /// Lifts the time limits of a connection, for migrations.
    fn unlimit(
        _connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        std::future::ready(Ok(()))
    }

    /// What the server calls the service.
    fn application(_options: &Options<Self>) -> String {
        program()
    }

    /// Makes ready what the first connection needs.
    ///
    /// # Errors
    ///
    /// What no retry mends.
    fn prepare(_options: &Options<Self>) -> Result<(), ConnectError> {
        Ok(())
    }

    /// `db.namespace`.
    fn namespace(options: &Options<Self>) -> String;

    /// Adapts the pool to what `url` points at.
    fn pool(_url: &str, pool: PoolOptions<Self>) -> PoolOptions<Self> {
        pool
    }

    /// `error.type` of an error that the database itself reports: out of a small set.
    fn error_class(error: &dyn DatabaseError) -> Cow<'static, str>;
}

/// What a server says of itself.
#[derive(Debug)]
pub struct Learned<DB: Backend> {
    pub(crate) options: Options<DB>,
    /// What it takes from all clients together.
    pub(crate) max_connections: Option<u32>,
}

/// The name of the program.
pub(crate) fn program() -> String {
    let path = env::current_exe().ok();
    let name = path.as_deref().and_then(|path| path.file_stem());
    name.map_or_else(
        || UNKNOWN.to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// `&mut Connection: Executor`, said in a way that generic code can use: a bound on `for<'c> &'c mut Connection` would
/// have to be repeated by every caller, and makes the compiler overflow (E0275) for executors that wrap others.
pub trait Driver: Database {
    /// See [`Executor::fetch_many`].
    fn fetch_many(connection: &mut Self::Connection, query: Query<Self>) -> Steps<'_, Self>;

    /// See [`Executor::fetch_optional`].
    fn fetch_optional(
        connection: &mut Self::Connection,
        query: Query<Self>,
    ) -> BoxFuture<'_, Result<Option<Self::Row>, Error>>;

    /// See [`Executor::prepare_with`].
    fn prepare_with<'e>(
        connection: &'e mut Self::Connection,
        sql: SqlStr,
        parameters: &'e [Self::TypeInfo],
    ) -> BoxFuture<'e, Result<Self::Statement, Error>>;

    /// See `Executor::describe`.
    fn describe(
        connection: &mut Self::Connection,
        sql: SqlStr,
    ) -> BoxFuture<'_, Result<Describe<Self>, Error>>;
}

impl<DB> Driver for DB
where
    DB: Database<Arguments: 'static, Statement: 'static>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    fn fetch_many(connection: &mut DB::Connection, query: Query<DB>) -> Steps<'_, DB> {
        connection.fetch_many(query)
    }

    fn fetch_optional(
        connection: &mut DB::Connection,
        query: Query<DB>,
    ) -> BoxFuture<'_, Result<Option<DB::Row>, Error>> {
        connection.fetch_optional(query)
    }

    fn prepare_with<'e>(
        connection: &'e mut DB::Connection,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>> {
        connection.prepare_with(sql, parameters)
    }

    fn describe(
        connection: &mut DB::Connection,
        sql: SqlStr,
    ) -> BoxFuture<'_, Result<Describe<DB>, Error>> {
        connection.describe(sql)
    }
}

/// A query taken apart: [`Execute::sql`] consumes, and we need the text after the driver has had it.
pub struct Query<DB: Database> {
    persistent: bool,
    arguments: Option<Result<Option<DB::Arguments>, BoxDynError>>,
    statement: Option<DB::Statement>,
    sql: SqlStr,
}

impl<DB: Database> Query<DB> {
    pub(crate) fn take<'q>(mut query: impl Execute<'q, DB>) -> Self {
        Self {
            persistent: query.persistent(),
            arguments: Some(query.take_arguments()),
            statement: query.statement().cloned(),
            sql: query.sql(),
        }
    }

    /// A second handle to the text: free for a static one, one copy for a built one.
    pub(crate) fn text(&self) -> SqlStr {
        self.sql.clone()
    }

    /// Sends the text with tags. A statement that was prepared by hand stays as it is.
    pub(crate) fn tag(&mut self, running: &Running) {
        if self.statement.is_some() {
            return;
        }
        if let Some(Commented { sql, is_unique }) = running.commented() {
            self.sql = AssertSqlSafe(sql).into_sql_str();
            self.persistent &= !is_unique;
        }
    }
}

/// Without the arguments: no bind value is ever shown.
impl<DB: Database> fmt::Debug for Query<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("sql", &self.sql)
            .finish_non_exhaustive()
    }
}

impl<DB: Database> Execute<'_, DB> for Query<DB> {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&DB::Statement> {
        self.statement.as_ref()
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        self.arguments.take().unwrap_or(Ok(None))
    }

    fn persistent(&self) -> bool {
        self.persistent
    }
}
