//! `&Db` and `&mut Tx` run whatever sqlx can run.
//!
//! `execute`, `fetch_all` and `fetch_optional` read to the end in one future; only who asks for a stream pays for one.

use futures_core::{future::BoxFuture, stream::BoxStream};
use futures_util::TryStreamExt;
use sqlx::{Database, Describe, Either, Error, Execute, Executor, SqlStr};

use crate::{
    Backend, Db, Tx,
    backend::{Query, Step, Steps},
    generate::{Outlet, generate},
    statement::{Reads, Running},
};

impl<'p, DB: Backend> Executor<'p> for &Db<DB> {
    type Database = DB;

    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<DB::QueryResult, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (db, query) = (self.clone(), Query::take(query));
        let mut running = db.run(query.text(), Reads::Nothing);
        Box::pin(async move {
            let outcome = async {
                let mut lease = db.lease().await?;
                execute::<DB>(&mut lease.connection, query, &mut running).await
            }
            .await;
            running.end(outcome)
        })
    }

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step<DB>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (db, query) = (self.clone(), Query::take(query));
        let mut running = db.run(query.text(), Reads::Stream);
        generate(|outlet| async move {
            let outcome = async {
                let mut lease = db.lease().await?;
                stream::<DB>(&mut lease.connection, query, &mut running, &outlet).await
            }
            .await;
            running.end(outcome)
        })
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (db, query) = (self.clone(), Query::take(query));
        let mut running = db.run(query.text(), Reads::Rows);
        Box::pin(async move {
            let outcome = async {
                let mut lease = db.lease().await?;
                fetch_all::<DB>(&mut lease.connection, query, &mut running).await
            }
            .await;
            running.end(outcome)
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let (db, query) = (self.clone(), Query::take(query));
        let mut running = db.run(query.text(), Reads::Rows);
        Box::pin(async move {
            let outcome = async {
                let mut lease = db.lease().await?;
                fetch_optional::<DB>(&mut lease.connection, query, &mut running).await
            }
            .await;
            running.end(outcome)
        })
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
            DB::prepare_with(&mut lease.connection, sql, parameters).await
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'p: 'e,
    {
        let db = self.clone();
        Box::pin(async move {
            let mut lease = db.lease().await?;
            DB::describe(&mut lease.connection, sql).await
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
        let query = Query::take(query);
        let mut running = self.run(query.text(), Reads::Nothing);
        Box::pin(async move {
            let outcome = execute::<DB>(self.raw_connection(), query, &mut running).await;
            running.end(outcome)
        })
    }

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step<DB>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let query = Query::take(query);
        let mut running = self.run(query.text(), Reads::Stream);
        generate(|outlet| async move {
            let connection = self.raw_connection();
            let outcome = stream::<DB>(connection, query, &mut running, &outlet).await;
            running.end(outcome)
        })
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let query = Query::take(query);
        let mut running = self.run(query.text(), Reads::Rows);
        Box::pin(async move {
            let outcome = fetch_all::<DB>(self.raw_connection(), query, &mut running).await;
            running.end(outcome)
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let query = Query::take(query);
        let mut running = self.run(query.text(), Reads::Rows);
        Box::pin(async move {
            let outcome = fetch_optional::<DB>(self.raw_connection(), query, &mut running).await;
            running.end(outcome)
        })
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

fn send<'c, DB: Backend>(
    connection: &'c mut DB::Connection,
    query: Query<DB>,
    running: &mut Running,
) -> Steps<'c, DB> {
    running.send();
    DB::fetch_many(connection, query)
}

async fn execute<DB: Backend>(
    connection: &mut DB::Connection,
    query: Query<DB>,
    running: &mut Running,
) -> Result<DB::QueryResult, Error> {
    let mut steps = send::<DB>(connection, query, running);
    let mut result = <DB as Database>::QueryResult::default();
    while let Some(step) = steps.try_next().await? {
        result.extend(step.left());
    }
    Ok(result)
}

async fn fetch_all<DB: Backend>(
    connection: &mut DB::Connection,
    query: Query<DB>,
    running: &mut Running,
) -> Result<Vec<DB::Row>, Error> {
    let mut steps = send::<DB>(connection, query, running);
    let mut rows = Vec::new();
    while let Some(step) = steps.try_next().await? {
        rows.extend(step.right());
        running.saw_rows(rows.len());
    }
    Ok(rows)
}

async fn fetch_optional<DB: Backend>(
    connection: &mut DB::Connection,
    query: Query<DB>,
    running: &mut Running,
) -> Result<Option<DB::Row>, Error> {
    running.send();
    let row = DB::fetch_optional(connection, query).await?;
    running.saw_rows(usize::from(row.is_some()));
    Ok(row)
}

async fn stream<DB: Backend>(
    connection: &mut DB::Connection,
    query: Query<DB>,
    running: &mut Running,
    outlet: &Outlet<Step<DB>>,
) -> Result<(), Error> {
    let mut steps = send::<DB>(connection, query, running);
    let mut rows = 0;
    while let Some(step) = steps.try_next().await? {
        rows += usize::from(matches!(step, Either::Right(_)));
        running.saw_rows(rows);
        running.pause_for(outlet.send(step)).await;
    }
    Ok(())
}
