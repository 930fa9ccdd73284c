//! `COPY`: PostgreSQL's way to move many rows, seen as any other statement.

use bytes::Bytes;
use futures_core::stream::BoxStream;
use futures_util::TryStreamExt;
use sqlx::{Error, PgConnection, Postgres, SqlSafeStr, SqlStr};
use tokio::io::AsyncRead;

use crate::{
    Db, Tx,
    error::is_over_limit,
    generate::{Outlet, generate},
    pool::Lease,
    statement::{Reads, Running, within},
};

/// What the server writes into its log when the source breaks off.
const ABORTED: &str = "the source of the rows has failed";

impl Db<Postgres> {
    /// Runs `COPY .. FROM STDIN` with everything that `source` has, and returns how many rows came in: all of them, or none.
    ///
    /// # Errors
    ///
    /// When `source` cannot be read, a row is not as the table wants it, or a time limit is over: see
    /// [`QueryClass`](crate::QueryClass) for more time than a request has.
    pub async fn copy_in(
        &self,
        sql: impl SqlSafeStr,
        source: impl AsyncRead + Unpin + Send,
    ) -> Result<u64, Error> {
        let sql = sql.into_sql_str();
        let mut running = self.run(sql.clone(), Reads::Nothing);
        let outcome = within(running.left(), async {
            let mut lease = self.lease().await?;
            copy_in(&mut lease, &sql, source, &mut running).await
        });
        let outcome = outcome.await;
        running.end(outcome)
    }

    /// Runs `COPY .. TO STDOUT` and yields what it sends: in the text formats, a row at a time. Dropped before its end, it closes
    /// its connection.
    pub fn copy_out(&self, sql: impl SqlSafeStr) -> BoxStream<'static, Result<Bytes, Error>> {
        let (db, sql) = (self.clone(), sql.into_sql_str());
        let mut running = db.run(sql.clone(), Reads::Stream);
        generate(|outlet| async move {
            let outcome = match within(running.left(), db.lease()).await {
                Ok(mut lease) => copy_out(&mut lease, &sql, &mut running, &outlet).await,
                Err(error) => Err(error),
            };
            running.end(outcome)
        })
    }
}

impl Tx<Postgres> {
    /// See [`Db::copy_in`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn copy_in(
        &mut self,
        sql: impl SqlSafeStr,
        source: impl AsyncRead + Unpin + Send,
    ) -> Result<u64, Error> {
        let sql = sql.into_sql_str();
        let mut running = self.run(sql.clone(), Reads::Nothing);
        let left = running.left();
        let outcome = within(left, copy_in(self.lease(), &sql, source, &mut running)).await;
        running.end(outcome)
    }

    /// See [`Db::copy_out`].
    pub fn copy_out(&mut self, sql: impl SqlSafeStr) -> BoxStream<'_, Result<Bytes, Error>> {
        let sql = sql.into_sql_str();
        let mut running = self.run(sql.clone(), Reads::Stream);
        generate(|outlet| async move {
            let outcome = copy_out(self.lease(), &sql, &mut running, &outlet).await;
            running.end(outcome)
        })
    }
}

async fn copy_in(
    lease: &mut Lease<Postgres>,
    sql: &SqlStr,
    source: impl AsyncRead + Unpin + Send,
    running: &mut Running,
) -> Result<u64, Error> {
    let outcome = pour(lease.send_whole(running), sql, source).await;
    lease.settle(outcome)
}

async fn pour(
    connection: &mut PgConnection,
    sql: &SqlStr,
    source: impl AsyncRead + Unpin + Send,
) -> Result<u64, Error> {
    let mut copy = connection.copy_in_raw(sql.as_str()).await?;
    match copy.read_from(source).await {
        Ok(_) => copy.finish().await,
        Err(error) => {
            copy.abort(ABORTED).await?;
            Err(error)
        }
    }
}

async fn copy_out(
    lease: &mut Lease<Postgres>,
    sql: &SqlStr,
    running: &mut Running,
    outlet: &Outlet<Bytes>,
) -> Result<(), Error> {
    match draw(lease, sql, running, outlet).await {
        // What is left of it is still running.
        Err(error) if is_over_limit(&error) => Err(error),
        outcome => lease.settle(outcome),
    }
}

async fn draw(
    lease: &mut Lease<Postgres>,
    sql: &SqlStr,
    running: &mut Running,
    outlet: &Outlet<Bytes>,
) -> Result<(), Error> {
    let connection = lease.send_whole(running);
    let mut pieces = within(running.left(), connection.copy_out_raw(sql.as_str())).await?;
    let mut rows = 0;
    while let Some(piece) = within(running.left(), pieces.try_next()).await? {
        rows += 1;
        running.saw_rows(rows);
        running.pause_for(outlet.send(piece)).await;
    }
    Ok(())
}
