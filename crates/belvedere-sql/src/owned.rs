//! `Db` by value: for a stream that outlives the function that began it, such as the body of an answer.

use futures_core::{future::BoxFuture, stream::BoxStream};
use sqlx::{Describe, Error, Execute, Executor, SqlStr};

use crate::{Backend, Db, backend::Step};

impl<DB: Backend> Executor<'static> for Db<DB> {
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Step<DB>, Error>>
    where
        'static: 'e,
        E: 'q + Execute<'q, DB>,
    {
        (&self).fetch_many(query)
    }

    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<DB::QueryResult, Error>>
    where
        'static: 'e,
        E: 'q + Execute<'q, DB>,
    {
        (&self).execute(query)
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<DB::Row>, Error>>
    where
        'static: 'e,
        E: 'q + Execute<'q, DB>,
    {
        (&self).fetch_all(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'static: 'e,
        E: 'q + Execute<'q, DB>,
    {
        (&self).fetch_optional(query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'static: 'e,
    {
        (&self).prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>, Error>>
    where
        'static: 'e,
    {
        (&self).describe(sql)
    }
}
