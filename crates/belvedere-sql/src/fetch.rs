//! The ways to run a query on a connection. `execute`, `fetch_all` and `fetch_optional` read to the end in one future; only who
//! asks for a stream pays for one.

use futures_util::TryStreamExt;
use sqlx::{Database, Either, Error};

use crate::{
    Backend,
    backend::{Query, Step, Steps},
    error::is_over_limit,
    generate::Outlet,
    pool::Lease,
    statement::{Running, within},
};

pub(crate) async fn execute<DB: Backend>(
    lease: &mut Lease<DB>,
    query: Query<DB>,
    running: &mut Running,
) -> Result<DB::QueryResult, Error> {
    let steps = DB::fetch_many(lease.send(running), query);
    let outcome = affected::<DB>(steps).await;
    lease.settle(outcome)
}

pub(crate) async fn fetch_all<DB: Backend>(
    lease: &mut Lease<DB>,
    query: Query<DB>,
    running: &mut Running,
) -> Result<Vec<DB::Row>, Error> {
    let steps = DB::fetch_many(lease.send(running), query);
    let outcome = all::<DB>(steps, running).await;
    lease.settle(outcome)
}

pub(crate) async fn fetch_optional<DB: Backend>(
    lease: &mut Lease<DB>,
    query: Query<DB>,
    running: &mut Running,
) -> Result<Option<DB::Row>, Error> {
    let row = DB::fetch_optional(lease.send(running), query).await;
    running.saw_rows(usize::from(matches!(row, Ok(Some(_)))));
    lease.settle(row)
}

pub(crate) async fn stream<DB: Backend>(
    lease: &mut Lease<DB>,
    query: Query<DB>,
    running: &mut Running,
    outlet: &Outlet<Step<DB>>,
) -> Result<(), Error> {
    let steps = DB::fetch_many(lease.send(running), query);
    match pass::<DB>(steps, running, outlet).await {
        // What is left of it is still running.
        Err(error) if is_over_limit(&error) => Err(error),
        outcome => lease.settle(outcome),
    }
}

async fn affected<DB: Backend>(mut steps: Steps<'_, DB>) -> Result<DB::QueryResult, Error> {
    let mut result = <DB as Database>::QueryResult::default();
    while let Some(step) = steps.try_next().await? {
        result.extend(step.left());
    }
    Ok(result)
}

async fn all<DB: Backend>(
    mut steps: Steps<'_, DB>,
    running: &mut Running,
) -> Result<Vec<DB::Row>, Error> {
    let mut rows = Vec::new();
    while let Some(step) = steps.try_next().await? {
        rows.extend(step.right());
        running.saw_rows(rows.len());
    }
    Ok(rows)
}

async fn pass<DB: Backend>(
    mut steps: Steps<'_, DB>,
    running: &mut Running,
    outlet: &Outlet<Step<DB>>,
) -> Result<(), Error> {
    let mut rows = 0;
    while let Some(step) = within(running.left(), steps.try_next()).await? {
        rows += usize::from(matches!(step, Either::Right(_)));
        running.saw_rows(rows);
        running.pause_for(outlet.send(step)).await;
    }
    Ok(())
}
