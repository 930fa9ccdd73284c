use std::{fmt, sync::Arc};

use belvedere_core::HealthCheck;
use sqlx::{
    Error, Pool, SqlStr,
    migrate::{MigrateError, Migrator},
};

use super::{Lease, health::DatabaseCheck, levels::Levels};
use crate::{
    Backend, Tx,
    statement::{Reads, Running, Watch},
};

/// A watched pool: `&Db` is an [`sqlx::Executor`]. Cheap to clone.
pub struct Db<DB: Backend>(Arc<Inner<DB>>);

struct Inner<DB: Backend> {
    pool: Pool<DB>,
    watch: Arc<Watch>,
    levels: Levels,
}

impl<DB: Backend> Db<DB> {
    pub(crate) fn new(pool: Pool<DB>, watch: Watch) -> Self {
        let levels = Levels::new(watch.system, pool.options().get_max_connections());
        Self(Arc::new(Inner {
            pool,
            watch: Arc::new(watch),
            levels,
        }))
    }

    /// Begins a transaction: dropped without [`Tx::commit`], it is rolled back.
    ///
    /// On SQLite it is `BEGIN IMMEDIATE`: writers queue for the lock here, for up to 5 s, and none of them fails in its
    /// middle because another has written since it read.
    ///
    /// # Errors
    ///
    /// When no connection is free in time, or the database refuses.
    pub async fn begin(&self) -> Result<Tx<DB>, Error> {
        Tx::begin(self).await
    }

    /// Applies the migrations that are missing. Replicas that start together wait for each other (PostgreSQL).
    ///
    /// # Errors
    ///
    /// When a migration fails, or one that was applied has changed since.
    pub async fn migrate(&self, migrator: &Migrator) -> Result<(), MigrateError> {
        let mut lease = self.lease().await?;
        migrator.run(&mut lease.connection).await
    }

    /// The check `database`: critical, a connection and a `SELECT 1`.
    pub fn health_check(&self) -> impl HealthCheck + use<DB> {
        DatabaseCheck(self.clone())
    }

    /// The pool itself. What runs on it has no span, no metric and no slow-query log.
    pub fn raw_pool(&self) -> &Pool<DB> {
        &self.0.pool
    }

    /// Writes the gauges of the pool. Each loan, return and health check does it too, so they are never older than
    /// the last of them.
    pub fn observe(&self) {
        self.0.levels.tell(self.0.pool.size());
    }

    /// Refuses new statements, waits for the running ones, closes every connection.
    pub async fn close(&self) {
        self.0.pool.close().await;
        self.observe();
    }

    pub(crate) async fn lease(&self) -> Result<Lease<DB>, Error> {
        Lease::take(self).await
    }

    pub(crate) fn run(&self, sql: SqlStr, reads: Reads) -> Running {
        Running::begin(&self.0.watch, sql, reads)
    }

    pub(super) fn levels(&self) -> &Levels {
        &self.0.levels
    }
}

impl<DB: Backend> Clone for Db<DB> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Without the options, which hold the password.
impl<DB: Backend> fmt::Debug for Db<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db")
            .field("system", &self.0.watch.system)
            .field("namespace", &self.0.watch.namespace)
            .field("connections", &self.0.pool.size())
            .finish_non_exhaustive()
    }
}
