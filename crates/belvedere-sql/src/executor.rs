//! `&Db` and `&mut Tx` run whatever sqlx can run.

use futures_core::{future::BoxFuture, stream::BoxStream};
use sqlx::{Database, Describe, Error, Execute, Executor, SqlStr};

use crate::{
    Backend, Db, Tx,
    backend::{Query, Step},
    fetch::{execute, fetch_all, fetch_optional, stream},
    generate::generate,
    statement::{Reads, Running, within},
};

impl<DB: Backend> Db<DB> {
    fn begin_query<'q>(&self, query: impl Execute<'q, DB>, reads: Reads) -> (Query<DB>, Running) {
        tagged(query, |text| self.run(text, reads))
    }
}

impl<DB: Backend> Tx<DB> {
    fn begin_query<'q>(&self, query: impl Execute<'q, DB>, reads: Reads) -> (Query<DB>, Running) {
        tagged(query, |text| self.run(text, reads))
    }
}

fn tagged<'q, DB: Database>(
    query: impl Execute<'q, DB>,
    run: impl FnOnce(SqlStr) -> Running,
) -> (Query<DB>, Running) {
    let mut query = Query::take(query);
    let running = run(query.text());
    query.tag(&running);
    (query, running)
}

/// A method of `Executor for &Db`: waits for a connection and runs `$run` on it, for no longer than its caller may.
macro_rules! on_lease {
    ($db:ident, $query:ident, $reads:ident, $run:ident) => {{
        let db = $db.clone();
        let (query, mut running) = db.begin_query($query, Reads::$reads);
        Box::pin(async move {
            let left = running.left();
            let outcome = within(left, async {
                let mut lease = db.lease().await?;
                $run(&mut lease, query, &mut running).await
            });
            let outcome = outcome.await;
            running.end(outcome)
        })
    }};
}

/// The same of `Executor for &mut Tx`, which has its connection.
macro_rules! on_tx {
    ($tx:ident, $query:ident, $reads:ident, $run:ident) => {{
        let (query, mut running) = $tx.begin_query($query, Reads::$reads);
        Box::pin(async move {
            let left = running.left();
            let outcome = within(left, $run($tx.lease(), query, &mut running)).await;
            running.end(outcome)
        })
    }};
}

impl<'p, DB: Backend> Executor<'p> for &Db<DB> {
    type Database = DB;

    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<DB::QueryResult, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        on_lease!(self, query, Nothing, execute)
    }

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step<DB>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let db = self.clone();
        let (query, mut running) = db.begin_query(query, Reads::Stream);
        generate(|outlet| async move {
            let outcome = match within(running.left(), db.lease()).await {
                Ok(mut lease) => stream(&mut lease, query, &mut running, &outlet).await,
                Err(error) => Err(error),
            };
            running.end(outcome)
        })
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        on_lease!(self, query, Rows, fetch_all)
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        on_lease!(self, query, Rows, fetch_optional)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'p: 'e,
    {
        let db = self.clone();
        Box::pin(async move {
            let mut lease = db.lease().await?;
            DB::prepare_with(lease.connection(), sql, parameters).await
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'p: 'e,
    {
        let db = self.clone();
        Box::pin(async move {
            let mut lease = db.lease().await?;
            DB::describe(lease.connection(), sql).await
        })
    }
}

impl<'c, DB: Backend> Executor<'c> for &'c mut Tx<DB> {
    type Database = DB;

    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<DB::QueryResult, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        on_tx!(self, query, Nothing, execute)
    }

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step<DB>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (query, mut running) = self.begin_query(query, Reads::Stream);
        generate(|outlet| async move {
            let outcome = stream(self.lease(), query, &mut running, &outlet).await;
            running.end(outcome)
        })
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        on_tx!(self, query, Rows, fetch_all)
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        on_tx!(self, query, Rows, fetch_optional)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'c: 'e,
    {
        DB::prepare_with(self.raw_connection(), sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'c: 'e,
    {
        DB::describe(self.raw_connection(), sql)
    }
}
