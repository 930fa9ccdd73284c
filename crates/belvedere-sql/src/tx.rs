use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use sqlx::{Error, SqlSafeStr, SqlStr};
use sqlx_core::transaction::TransactionManager;

use crate::{
    Backend, Db,
    pool::Lease,
    statement::{Reads, Running, within},
};

/// A transaction that has come to its `COMMIT` is not thrown away for its last milliseconds.
const LAST_MOMENT: Duration = Duration::from_millis(500);

/// A watched transaction: `&mut Tx` is an [`sqlx::Executor`]. Dropped, it is rolled back, without a span of its own.
#[derive(Debug)]
pub struct Tx<DB: Backend> {
    lease: Lease<DB>,
    is_open: bool,
}

impl<DB: Backend> Tx<DB> {
    pub(crate) async fn start(db: &Db<DB>) -> Result<Self, Error> {
        let sql = SqlStr::from_static(DB::BEGIN.unwrap_or("BEGIN"));
        let mut running = db.run(sql, Reads::Nothing);
        let outcome = within(running.left(), Self::open(db, &mut running)).await;
        running.end(outcome)
    }

    async fn open(db: &Db<DB>, running: &mut Running) -> Result<Self, Error> {
        let mut lease = db.lease().await?;
        let begin = DB::BEGIN.map(SqlSafeStr::into_sql_str);
        let begun = DB::TransactionManager::begin(lease.send_whole(running), begin).await;
        lease.settle(begun)?;
        Ok(Self {
            lease,
            is_open: true,
        })
    }

    /// Begins a part that can be taken back alone: a savepoint. Dropped without [`Savepoint::commit`], it is.
    ///
    /// ```
    /// # async fn example(db: belvedere_sql::Db<sqlx::Sqlite>) -> Result<(), sqlx::Error> {
    /// let mut tx = db.begin().await?;
    /// let mut part = tx.begin().await?;
    /// sqlx::query("INSERT INTO orders (product) VALUES ('tower')").execute(&mut *part).await?;
    /// part.rollback().await?;
    /// tx.commit().await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the connection is lost, or the transaction has failed already.
    pub async fn begin(&mut self) -> Result<Savepoint<'_, DB>, Error> {
        self.control("SAVEPOINT", Control::Begin).await?;
        Ok(Savepoint {
            tx: self,
            is_open: true,
        })
    }

    /// Makes it last.
    ///
    /// # Errors
    ///
    /// When the database refuses: a deferred constraint, a lost connection, and on PostgreSQL a statement that has failed before
    /// and was not taken back with a savepoint (SQLSTATE 25P02; to the server such a `COMMIT` is no error). What was written is
    /// then void, except where the connection was lost after the `COMMIT` had been sent: that outcome is unknown.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.control("COMMIT", Control::Commit).await?;
        self.is_open = false;
        Ok(())
    }

    /// Takes it back. Where a statement was given up before its end, PostgreSQL does so by itself: the connection is closed.
    ///
    /// # Errors
    ///
    /// When the connection is lost: the database rolls back by itself.
    pub async fn rollback(mut self) -> Result<(), Error> {
        if self.lease.is_busy() && DB::ABANDONED_FOR.is_some() {
            self.is_open = false;
            self.lease.spoil();
            return self
                .run(SqlStr::from_static("ROLLBACK"), Reads::Nothing)
                .end(Ok(()));
        }
        self.control("ROLLBACK", Control::Rollback).await?;
        self.is_open = false;
        Ok(())
    }

    /// The connection itself, for libraries that take one. What runs on it has no span, no metric and no slow-query log.
    pub fn raw_connection(&mut self) -> &mut DB::Connection {
        self.lease.doubt(true);
        self.lease.connection()
    }

    pub(crate) const fn lease(&mut self) -> &mut Lease<DB> {
        &mut self.lease
    }

    pub(crate) fn run(&self, sql: SqlStr, reads: Reads) -> Running {
        self.lease.db().run(sql, reads)
    }

    async fn control(&mut self, sql: &'static str, control: Control) -> Result<(), Error> {
        let mut running = self.run(SqlStr::from_static(sql), Reads::Nothing);
        let left = running.left().map(|left| match control {
            Control::Commit | Control::Release if !self.lease.is_busy() => left.max(LAST_MOMENT),
            _ => left,
        });
        let outcome = within(left, async {
            if control == Control::Commit {
                self.lease.assure(&mut running).await?;
            }
            let connection = self.lease.send_whole(&mut running);
            let outcome = control.run::<DB>(connection).await;
            self.lease.settle(outcome)
        });
        let outcome = outcome.await;
        running.end(outcome)
    }
}

impl<DB: Backend> Drop for Tx<DB> {
    fn drop(&mut self) {
        if self.is_open {
            DB::TransactionManager::start_rollback(self.lease.connection());
        }
    }
}

/// A part of a transaction: `&mut *savepoint` is an [`sqlx::Executor`].
#[derive(Debug)]
pub struct Savepoint<'t, DB: Backend> {
    tx: &'t mut Tx<DB>,
    is_open: bool,
}

impl<DB: Backend> Savepoint<'_, DB> {
    /// Makes it part of its transaction.
    ///
    /// # Errors
    ///
    /// When the connection is lost, or a statement in it has failed: it can only be rolled back.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.tx
            .control("RELEASE SAVEPOINT", Control::Release)
            .await?;
        self.is_open = false;
        Ok(())
    }

    /// Takes it back; the transaction goes on.
    ///
    /// # Errors
    ///
    /// When the connection is lost.
    pub async fn rollback(mut self) -> Result<(), Error> {
        self.tx
            .control("ROLLBACK TO SAVEPOINT", Control::Rollback)
            .await?;
        self.tx.lease.doubt(false);
        self.is_open = false;
        Ok(())
    }
}

impl<DB: Backend> Deref for Savepoint<'_, DB> {
    type Target = Tx<DB>;

    fn deref(&self) -> &Tx<DB> {
        self.tx
    }
}

impl<DB: Backend> DerefMut for Savepoint<'_, DB> {
    fn deref_mut(&mut self) -> &mut Tx<DB> {
        self.tx
    }
}

impl<DB: Backend> Drop for Savepoint<'_, DB> {
    fn drop(&mut self) {
        if self.is_open {
            DB::TransactionManager::start_rollback(self.tx.lease.connection());
        }
    }
}

/// What sqlx counts the depth by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Control {
    Begin,
    Commit,
    Release,
    Rollback,
}

impl Control {
    async fn run<DB: Backend>(self, connection: &mut DB::Connection) -> Result<(), Error> {
        match self {
            Self::Begin => DB::TransactionManager::begin(connection, None).await,
            Self::Commit | Self::Release => DB::TransactionManager::commit(connection).await,
            Self::Rollback => DB::TransactionManager::rollback(connection).await,
        }
    }
}
