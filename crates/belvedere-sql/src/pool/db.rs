use std::{fmt, sync::Arc};

use belvedere_core::{
    HealthCheck,
    metrics::{Observed, observe_at_scrapes},
};
use sqlx::{
    Connection, Error, Pool, SqlStr,
    migrate::{MigrateError, Migrator},
};
use tokio::time;

use super::{
    Lease,
    breakdown::Breakdown,
    health::DatabaseCheck,
    levels::Levels,
    watchdog::{self, Sights},
};
use crate::{
    Backend, QueryClass, Tx,
    statement::{Reads, Running, Watch},
};

/// A watched pool: `&Db` is an [`sqlx::Executor`]. Cheap to clone.
pub struct Db<DB: Backend> {
    inner: Arc<Inner<DB>>,
    class: QueryClass,
}

struct Inner<DB: Backend> {
    pool: Pool<DB>,
    watch: Arc<Watch>,
    levels: Levels,
    sights: Arc<Sights>,
    breakdown: Breakdown,
}

impl<DB: Backend> Db<DB> {
    /// Starts the watchdog, which ends with the last handle.
    pub(crate) fn new(pool: Pool<DB>, watch: Watch) -> Self {
        let levels = Levels::new(watch.system, pool.options().get_max_connections());
        let sights = Arc::<Sights>::default();
        watchdog::start(&sights, watch.slow_after(QueryClass::new()));
        let inner = Inner {
            pool,
            watch: Arc::new(watch),
            levels,
            sights,
            breakdown: Breakdown::default(),
        };
        let inner = Arc::new(inner);
        observe_at_scrapes(&inner);
        Self {
            inner,
            class: QueryClass::new(),
        }
    }

    /// The same pool, for statements of another kind: `report.fetch_all(&db.class(REPORTS))`.
    #[must_use]
    pub fn class(&self, class: QueryClass) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            class,
        }
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
        Tx::start(self).await
    }

    /// Applies the migrations that are missing. Whoever else does so at the same time waits, and finds nothing to do.
    ///
    /// # Errors
    ///
    /// When a migration fails, or one that was applied has changed since.
    pub async fn migrate(&self, migrator: &Migrator) -> Result<(), MigrateError> {
        let mut lease = self.lease().await?;
        let connection = lease.connection();
        let outcome = match DB::MIGRATES_IN {
            // SQLite has no other lock; what cannot run in a transaction runs without.
            Some(begin) if migrator.iter().all(|migration| !migration.no_tx) => {
                let mut tx = connection.begin_with(begin).await?;
                migrator.run(&mut tx).await?;
                Ok(tx.commit().await?)
            }
            _ => {
                DB::unlimit(connection).await?;
                migrator.run(&mut *connection).await
            }
        };
        if DB::MIGRATES_IN.is_none() {
            // A migration that fails leaves the advisory lock behind, and its connection has no time limits.
            lease.spoil();
        }
        outcome
    }

    /// The check `database`: critical, a connection and a `SELECT 1`.
    pub fn health_check(&self) -> impl HealthCheck + use<DB> {
        DatabaseCheck(self.clone())
    }

    /// The pool itself. What runs on it has no span, no metric and no slow-query log.
    pub fn raw_pool(&self) -> &Pool<DB> {
        &self.inner.pool
    }

    /// Writes the gauges of the pool. Belvedere's own recorder has it done at each scrape; others have to be told.
    pub fn observe(&self) {
        self.inner.observe();
    }

    /// Refuses new statements, waits for the running ones, closes every connection.
    pub async fn close(&self) {
        self.inner.pool.close().await;
        self.observe();
    }

    pub(crate) async fn lease(&self) -> Result<Lease<DB>, Error> {
        Lease::take(self).await
    }

    pub(crate) fn run(&self, sql: SqlStr, reads: Reads) -> Running {
        Running::begin(&self.inner.watch, self.class, sql, reads)
    }

    pub(super) fn levels(&self) -> &Levels {
        &self.inner.levels
    }

    pub(super) fn sights(&self) -> &Sights {
        &self.inner.sights
    }

    pub(super) fn saw_breakdown(&self) {
        self.inner.breakdown.saw();
    }

    #[cfg(test)]
    pub(super) fn waits_before_it_opens(&self) -> bool {
        self.inner.breakdown.pause().is_some()
    }

    /// After a breakdown, a short wait before a new connection is opened: nobody gains if all replicas do so at once.
    pub(super) async fn spread(&self) {
        if let Some(pause) = self.inner.breakdown.pause()
            && self.inner.pool.num_idle() == 0
        {
            time::sleep(pause).await;
        }
    }
}

impl<DB: Backend> Observed for Inner<DB> {
    fn observe(&self) {
        let idle = u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX);
        self.levels.tell(self.pool.size(), idle);
    }
}

impl<DB: Backend> Clone for Db<DB> {
    fn clone(&self) -> Self {
        self.class(self.class)
    }
}

/// Without the options, which hold the password.
impl<DB: Backend> fmt::Debug for Db<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db")
            .field("system", &self.inner.watch.system)
            .field("namespace", &self.inner.watch.namespace)
            .field("connections", &self.inner.pool.size())
            .finish_non_exhaustive()
    }
}
