//! What differs between databases: the text of the statements.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use sqlx::{Database, Error, Executor};

/// A bind value.
#[derive(Debug, Clone)]
pub enum Arg {
    /// Text that is written in the code.
    Const(&'static str),
    /// Text.
    Text(String),
    /// Text, or NULL.
    Maybe(Option<String>),
    /// A whole number.
    Int(i64),
    /// Seconds.
    Real(f64),
}

/// Every statement, with the same arguments in each database.
#[derive(Debug)]
pub struct Statements {
    /// name, queue, key, payload, metadata, delay -> id, or nothing.
    pub(crate) insert: &'static str,
    /// names, worker, how many, lease -> jobs.
    pub(crate) take: &'static str,
    /// ids, worker.
    pub(crate) forget: &'static str,
    /// ids, worker.
    pub(crate) done: &'static str,
    /// id, worker, delay, error.
    pub(crate) retry: &'static str,
    /// id, worker, error.
    pub(crate) bury: &'static str,
    /// worker.
    pub(crate) release: &'static str,
    /// worker, lease.
    pub(crate) beat: &'static str,
    /// Of workers whose lease is over.
    pub(crate) recover: &'static str,
    /// seconds.
    pub(crate) purge: &'static str,
    /// -> depths.
    pub(crate) depths: &'static str,
    /// name.
    pub(crate) know: &'static str,
    /// -> schedules.
    pub(crate) schedules: &'static str,
    /// name, queue, key, payload, tick -> id, or nothing.
    pub(crate) schedule: &'static str,
    /// name, tick.
    pub(crate) ticked: &'static str,
    /// name.
    pub(crate) succeeded: &'static str,
}

/// A job that this worker may run.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Taken {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) key: Option<String>,
    pub(crate) payload: String,
    pub(crate) metadata: String,
    pub(crate) attempts: i32,
}

/// How many jobs of a queue are in a state.
#[derive(Debug, sqlx::FromRow)]
pub struct Depth {
    pub(crate) queue: String,
    pub(crate) state: String,
    pub(crate) jobs: i64,
    /// For how many seconds the oldest could have run.
    pub(crate) oldest: f64,
}

/// What all replicas know of a schedule; times in seconds since 1970.
#[derive(Debug, sqlx::FromRow)]
pub struct Known {
    pub(crate) name: String,
    pub(crate) last_tick: i64,
    /// Before the first success: when it was first known.
    pub(crate) last_success: f64,
}

/// A database that jobs can be kept in. Sealed: implemented for `sqlx::Sqlite` and `sqlx::Postgres`.
pub trait Dialect: sealed::Sealed + Database {
    /// `messaging.system`.
    const SYSTEM: &'static str;

    #[doc(hidden)]
    const STATEMENTS: Statements;

    #[doc(hidden)]
    fn execute<'e, E>(
        executor: E,
        sql: &'static str,
        arguments: Vec<Arg>,
    ) -> impl Future<Output = Result<u64, Error>> + Send
    where
        E: Executor<'e, Database = Self>;

    #[doc(hidden)]
    fn id<'e, E>(
        executor: E,
        sql: &'static str,
        arguments: Vec<Arg>,
    ) -> impl Future<Output = Result<Option<i64>, Error>> + Send
    where
        E: Executor<'e, Database = Self>;

    #[doc(hidden)]
    fn taken<'e, E>(
        executor: E,
        sql: &'static str,
        arguments: Vec<Arg>,
    ) -> impl Future<Output = Result<Vec<Taken>, Error>> + Send
    where
        E: Executor<'e, Database = Self>;

    #[doc(hidden)]
    fn depths<'e, E>(
        executor: E,
        sql: &'static str,
    ) -> impl Future<Output = Result<Vec<Depth>, Error>> + Send
    where
        E: Executor<'e, Database = Self>;

    #[doc(hidden)]
    fn known<'e, E>(
        executor: E,
        sql: &'static str,
    ) -> impl Future<Output = Result<Vec<Known>, Error>> + Send
    where
        E: Executor<'e, Database = Self>;
}

mod sealed {
    /// Nobody else's database.
    #[expect(unnameable_types, reason = "that is what seals")]
    pub trait Sealed {}
}

/// Binds a list of values, one after the other.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! bound {
    ($query:expr, $arguments:expr) => {{
        let mut query = $query;
        for argument in $arguments {
            query = match argument {
                Arg::Const(text) => query.bind(text),
                Arg::Text(text) => query.bind(text),
                Arg::Maybe(text) => query.bind(text),
                Arg::Int(number) => query.bind(number),
                Arg::Real(number) => query.bind(number),
            };
        }
        query
    }};
}

/// Once for each database: bounds that let this be generic would stand at every caller.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
macro_rules! dialect {
    ($database:ty, $system:literal, $statements:expr) => {
        impl crate::dialect::sealed::Sealed for $database {}

        impl crate::dialect::Dialect for $database {
            const SYSTEM: &'static str = $system;
            const STATEMENTS: Statements = $statements;

            async fn execute<'e, E>(
                executor: E,
                sql: &'static str,
                arguments: Vec<Arg>,
            ) -> Result<u64, sqlx::Error>
            where
                E: sqlx::Executor<'e, Database = Self>,
            {
                let query = bound!(sqlx::query::<Self>(sql), arguments);
                Ok(query.execute(executor).await?.rows_affected())
            }

            async fn id<'e, E>(
                executor: E,
                sql: &'static str,
                arguments: Vec<Arg>,
            ) -> Result<Option<i64>, sqlx::Error>
            where
                E: sqlx::Executor<'e, Database = Self>,
            {
                let query = bound!(sqlx::query_scalar::<Self, i64>(sql), arguments);
                query.fetch_optional(executor).await
            }

            async fn taken<'e, E>(
                executor: E,
                sql: &'static str,
                arguments: Vec<Arg>,
            ) -> Result<Vec<Taken>, sqlx::Error>
            where
                E: sqlx::Executor<'e, Database = Self>,
            {
                let query = bound!(sqlx::query_as::<Self, Taken>(sql), arguments);
                query.fetch_all(executor).await
            }

            async fn depths<'e, E>(
                executor: E,
                sql: &'static str,
            ) -> Result<Vec<Depth>, sqlx::Error>
            where
                E: sqlx::Executor<'e, Database = Self>,
            {
                let query = sqlx::query_as::<Self, Depth>(sql);
                query.fetch_all(executor).await
            }

            async fn known<'e, E>(executor: E, sql: &'static str) -> Result<Vec<Known>, sqlx::Error>
            where
                E: sqlx::Executor<'e, Database = Self>,
            {
                let query = sqlx::query_as::<Self, Known>(sql);
                query.fetch_all(executor).await
            }
        }
    };
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use {bound, dialect};
