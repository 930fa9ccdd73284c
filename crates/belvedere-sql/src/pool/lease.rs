use std::{sync::Arc, time::Duration};

use sqlx::{Connection, Error, pool::PoolConnection};
use tokio::{runtime::Handle, time};

use super::Db;
use crate::{
    Backend,
    backend::Query,
    error::spoils_connection,
    statement::{Running, Sight},
};

/// A connection that is broken, or busy for nobody, has so long to be closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection on loan.
#[derive(Debug)]
pub(crate) struct Lease<DB: Backend> {
    /// `None` only while it is dropped.
    connection: Option<PoolConnection<DB>>,
    in_use: Option<InUse<DB>>,
    work: Work,
    /// A statement has failed, or nobody knows.
    is_in_doubt: bool,
}

/// What a connection is at, and what becomes of it when that is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Nothing,
    /// It is waited for, but not for long.
    Statement,
    /// sqlx cannot find out how it has ended: the connection is closed.
    Fragile,
}

impl<DB: Backend> Lease<DB> {
    /// Waits for a connection, for no longer than the pool allows.
    pub(super) async fn take(db: &Db<DB>) -> Result<Self, Error> {
        let waiting = db.levels().wait();
        let taken = match Self::take_idle(db).await {
            // It may open a connection: that future is so large that each of its moves would cost more than all signals do.
            Ok(None) => Box::pin(Self::take_any(db)).await,
            Ok(Some(lease)) => Ok(lease),
            Err(error) => Err(error),
        };
        drop(waiting);
        if matches!(taken, Err(Error::PoolTimedOut)) {
            db.levels().count_timeout();
        }
        taken
    }

    /// One that is there, and still works. Those that broke while nobody used them, as all have when the server restarts, are
    /// put away here: sqlx would open another at once in place of each.
    async fn take_idle(db: &Db<DB>) -> Result<Option<Self>, Error> {
        let limit = db.raw_pool().options().get_acquire_timeout();
        while let Some(idle) = db.raw_pool().try_acquire() {
            let mut lease = Self::new(db, idle);
            if !DB::BREAKS_IDLE {
                return Ok(Some(lease));
            }
            lease.work = Work::Statement;
            let pong = time::timeout(limit, lease.connection().ping()).await;
            if let Ok(Ok(())) = pong {
                lease.work = Work::Nothing;
                return Ok(Some(lease));
            }
            lease.spoil();
            db.saw_breakdown();
            if pong.is_err() {
                return Err(Error::PoolTimedOut);
            }
        }
        Ok(None)
    }

    async fn take_any(db: &Db<DB>) -> Result<Self, Error> {
        db.spread().await;
        let connection = db.raw_pool().acquire().await?;
        Ok(Self::new(db, connection))
    }

    fn new(db: &Db<DB>, connection: PoolConnection<DB>) -> Self {
        Self {
            connection: Some(connection),
            in_use: Some(InUse::begin(db)),
            work: Work::Nothing,
            is_in_doubt: false,
        }
    }

    /// Outside of anything that is watched.
    pub(crate) fn connection(&mut self) -> &mut PoolConnection<DB> {
        self.connection
            .as_mut()
            .expect("it is there until the drop")
    }

    pub(crate) fn db(&self) -> &Db<DB> {
        &self.in_use().db
    }

    /// Begins a statement: [`Lease::settle`] has to come after it.
    pub(crate) fn send(&mut self, running: &mut Running) -> &mut DB::Connection {
        self.begin(running, Work::Statement)
    }

    /// As [`Lease::send`], for what must not be dropped in its middle: transaction control and `COPY`.
    pub(crate) fn send_whole(&mut self, running: &mut Running) -> &mut DB::Connection {
        self.begin(running, Work::Fragile)
    }

    /// The statement has ended. What has spoiled the connection does not come back to the pool.
    pub(crate) fn settle<T>(&mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        self.work = Work::Nothing;
        if let Err(error) = &outcome {
            self.is_in_doubt = true;
            if spoils_connection(error) {
                self.db().saw_breakdown();
                self.connection().close_on_drop();
            }
        }
        outcome
    }

    /// Nobody has seen what has become of the transaction, or whoever has knows: see [`Lease::assure`].
    pub(crate) const fn doubt(&mut self, is_in_doubt: bool) {
        self.is_in_doubt = is_in_doubt;
    }

    /// Fails where the transaction has: its `COMMIT` would roll it back, and say that all is well.
    pub(crate) async fn assure(&mut self, running: &mut Running) -> Result<(), Error> {
        if let Some(probe) = DB::PROBE
            && (self.is_in_doubt || self.is_busy())
        {
            let connection = self.send_whole(running);
            let answer = DB::fetch_optional(connection, Query::take(probe)).await;
            self.settle(answer)?;
        }
        Ok(())
    }

    /// Whether a statement was dropped before its end.
    pub(crate) fn is_busy(&self) -> bool {
        self.work != Work::Nothing
    }

    /// It does not come back to the pool.
    pub(crate) fn spoil(&mut self) {
        self.work = Work::Nothing;
        self.connection().close_on_drop();
    }

    fn begin(&mut self, running: &mut Running, work: Work) -> &mut DB::Connection {
        running.send(&self.in_use().sight);
        if self.work == Work::Fragile {
            self.spoil();
        }
        self.work = work;
        self.connection()
    }

    fn in_use(&self) -> &InUse<DB> {
        self.in_use.as_ref().expect("it is there until the drop")
    }
}

impl<DB: Backend> Drop for Lease<DB> {
    fn drop(&mut self) {
        if self.work == Work::Nothing || Handle::try_current().is_err() {
            return;
        }
        if let (Some(connection), Some(in_use)) = (self.connection.take(), self.in_use.take()) {
            belvedere_core::spawn(recover(connection, in_use, self.work));
        }
    }
}

/// The pool has no limit for a statement that nobody waits for any more: one that waits for a lock would keep its connection
/// for as long.
async fn recover<DB: Backend>(mut connection: PoolConnection<DB>, in_use: InUse<DB>, work: Work) {
    if !is_ready::<DB>(&mut connection, work).await {
        // PostgreSQL notices that its client is gone, and ends the statement: see `Postgres::learn`.
        let _ = time::timeout(CLOSE_TIMEOUT, connection.close()).await;
    }
    drop(in_use);
}

async fn is_ready<DB: Backend>(connection: &mut PoolConnection<DB>, work: Work) -> bool {
    let Some(patience) = DB::ABANDONED_FOR else {
        return connection.ping().await.is_ok();
    };
    if work == Work::Fragile {
        return false;
    }
    matches!(time::timeout(patience, connection.ping()).await, Ok(Ok(())))
}

/// A connection's place before the watchdog.
#[derive(Debug)]
pub(crate) struct InUse<DB: Backend> {
    db: Db<DB>,
    sight: Arc<Sight>,
}

impl<DB: Backend> InUse<DB> {
    fn begin(db: &Db<DB>) -> Self {
        Self {
            db: db.clone(),
            sight: db.sights().take(),
        }
    }
}

impl<DB: Backend> Drop for InUse<DB> {
    fn drop(&mut self) {
        self.db.sights().give_back(Arc::clone(&self.sight));
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use belvedere_testing::ThrowAwayPostgres;
    use futures_util::future::join_all;
    use sqlx::Postgres;

    use super::*;
    use crate::DatabaseConfig;

    #[tokio::test]
    async fn connections_that_broke_while_idle_are_put_away_before_another_is_opened() {
        let server = ThrowAwayPostgres::server().unwrap();
        let config = DatabaseConfig {
            url: Some(server.url().into()),
            ..DatabaseConfig::default()
        };
        let db: Db<Postgres> = Db::connect(&config, Duration::from_secs(5)).await.unwrap();
        let asleep = (0..5).map(|_| sqlx::query("SELECT pg_sleep(0.3)").execute(&db));
        join_all(asleep).await;
        while db.raw_pool().num_idle() < 5 {
            time::sleep(Duration::from_millis(5)).await;
        }
        assert!(!db.waits_before_it_opens());
        server.restart().unwrap();
        assert!(Lease::take_idle(&db).await.unwrap().is_none());
        assert_eq!(db.raw_pool().num_idle(), 0);
        assert!(db.waits_before_it_opens());
        Lease::take(&db).await.unwrap();
    }
}
