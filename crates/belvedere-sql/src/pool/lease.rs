use std::time::Instant;

use sqlx::{Error, pool::PoolConnection};

use super::Db;
use crate::Backend;

/// A connection on loan.
#[derive(Debug)]
pub(crate) struct Lease<DB: Backend> {
    pub(crate) connection: PoolConnection<DB>,
    pub(crate) in_use: InUse<DB>,
}

impl<DB: Backend> Lease<DB> {
    /// Waits for a connection, for no longer than the pool allows.
    pub(super) async fn take(db: &Db<DB>) -> Result<Self, Error> {
        let began = Instant::now();
        let waiting = db.levels().wait();
        let taken = db.raw_pool().acquire().await;
        drop(waiting);
        db.levels().record_wait(began.elapsed().as_secs_f64());
        if matches!(taken, Err(Error::PoolTimedOut)) {
            db.levels().count_timeout();
        }
        Ok(Self {
            connection: taken?,
            in_use: InUse::begin(db),
        })
    }
}

/// Counts a connection as used.
#[derive(Debug)]
pub(crate) struct InUse<DB: Backend>(Db<DB>);

impl<DB: Backend> InUse<DB> {
    fn begin(db: &Db<DB>) -> Self {
        db.levels().lend();
        db.observe();
        Self(db.clone())
    }

    pub(crate) const fn db(&self) -> &Db<DB> {
        &self.0
    }
}

impl<DB: Backend> Drop for InUse<DB> {
    fn drop(&mut self) {
        self.0.levels().take_back();
        self.0.observe();
    }
}
