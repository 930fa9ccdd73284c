use sqlx::{Error, SqlSafeStr, SqlStr, Transaction};

use crate::{
    Backend, Db,
    pool::InUse,
    statement::{Reads, Running},
};

/// A watched transaction: `&mut Tx` is an [`sqlx::Executor`]. Dropped, it is rolled back, without a span of its own.
#[derive(Debug)]
pub struct Tx<DB: Backend> {
    transaction: Transaction<'static, DB>,
    in_use: InUse<DB>,
}

impl<DB: Backend> Tx<DB> {
    pub(crate) async fn begin(db: &Db<DB>) -> Result<Self, Error> {
        let sql = SqlStr::from_static(DB::BEGIN.unwrap_or("BEGIN"));
        let mut running = db.run(sql, Reads::Nothing);
        let outcome = open(db, &mut running).await;
        running.end(outcome)
    }

    /// Makes it last.
    ///
    /// # Errors
    ///
    /// When the database refuses: a deferred constraint, a lost connection. What was written is then void, except where
    /// the connection was lost after the `COMMIT` had been sent: that outcome is unknown.
    pub async fn commit(self) -> Result<(), Error> {
        let running = self.run(SqlStr::from_static("COMMIT"), Reads::Nothing);
        close(running, self.transaction.commit()).await
    }

    /// Takes it back.
    ///
    /// # Errors
    ///
    /// When the connection is lost: the database rolls back by itself.
    pub async fn rollback(self) -> Result<(), Error> {
        let running = self.run(SqlStr::from_static("ROLLBACK"), Reads::Nothing);
        close(running, self.transaction.rollback()).await
    }

    /// The connection itself, for libraries that take one. What runs on it has no span, no metric and no slow-query log.
    pub fn raw_connection(&mut self) -> &mut DB::Connection {
        &mut self.transaction
    }

    pub(crate) fn run(&self, sql: SqlStr, reads: Reads) -> Running {
        self.in_use.db().run(sql, reads)
    }
}

async fn open<DB: Backend>(db: &Db<DB>, running: &mut Running) -> Result<Tx<DB>, Error> {
    let lease = db.lease().await?;
    running.send();
    let begin = DB::BEGIN.map(SqlSafeStr::into_sql_str);
    Ok(Tx {
        transaction: Transaction::begin(lease.connection, begin).await?,
        in_use: lease.in_use,
    })
}

async fn close(
    mut running: Running,
    work: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    running.send();
    let outcome = work.await;
    running.end(outcome)
}
