//! The table, by what a worker does with it.

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use belvedere_core::BoxFuture;
use sqlx::{Error, Executor};

use crate::{
    Dialect,
    dialect::{Arg, Depth, Known, Statements, Taken},
    schedule::Tick,
};

/// The longest text of an error that is kept beside its job.
const MAX_ERROR: usize = 1024;

/// A database, whichever it is.
trait Store: fmt::Debug + Send + Sync {
    fn system(&self) -> &'static str;
    fn statements(&self) -> &'static Statements;
    fn execute(&self, sql: &'static str, arguments: Vec<Arg>) -> BoxFuture<'_, Result<u64, Error>>;
    fn id(
        &self,
        sql: &'static str,
        arguments: Vec<Arg>,
    ) -> BoxFuture<'_, Result<Option<i64>, Error>>;
    fn taken(
        &self,
        sql: &'static str,
        arguments: Vec<Arg>,
    ) -> BoxFuture<'_, Result<Vec<Taken>, Error>>;
    fn depths(&self) -> BoxFuture<'_, Result<Vec<Depth>, Error>>;
    fn known(&self) -> BoxFuture<'_, Result<Vec<Known>, Error>>;
}

struct Held<P, DB>(P, PhantomData<fn() -> DB>);

impl<P: fmt::Debug, DB> fmt::Debug for Held<P, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<P, DB> Store for Held<P, DB>
where
    DB: Dialect,
    P: fmt::Debug + Send + Sync + 'static,
    for<'p> &'p P: Executor<'p, Database = DB>,
{
    fn system(&self) -> &'static str {
        DB::SYSTEM
    }

    fn statements(&self) -> &'static Statements {
        const { &DB::STATEMENTS }
    }

    fn execute(&self, sql: &'static str, arguments: Vec<Arg>) -> BoxFuture<'_, Result<u64, Error>> {
        Box::pin(DB::execute(&self.0, sql, arguments))
    }

    fn id(
        &self,
        sql: &'static str,
        arguments: Vec<Arg>,
    ) -> BoxFuture<'_, Result<Option<i64>, Error>> {
        Box::pin(DB::id(&self.0, sql, arguments))
    }

    fn taken(
        &self,
        sql: &'static str,
        arguments: Vec<Arg>,
    ) -> BoxFuture<'_, Result<Vec<Taken>, Error>> {
        Box::pin(DB::taken(&self.0, sql, arguments))
    }

    fn depths(&self) -> BoxFuture<'_, Result<Vec<Depth>, Error>> {
        Box::pin(DB::depths(&self.0, DB::STATEMENTS.depths))
    }

    fn known(&self) -> BoxFuture<'_, Result<Vec<Known>, Error>> {
        Box::pin(DB::known(&self.0, DB::STATEMENTS.schedules))
    }
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Queue(Arc<dyn Store>);

type Done = Result<(), Error>;

impl Queue {
    pub(crate) fn new<DB, P>(database: P) -> Self
    where
        DB: Dialect,
        P: fmt::Debug + Send + Sync + 'static,
        for<'p> &'p P: Executor<'p, Database = DB>,
    {
        Self(Arc::new(Held(database, PhantomData)))
    }

    /// `messaging.system`.
    pub(crate) fn system(&self) -> &'static str {
        self.0.system()
    }

    /// Jobs of these names that are due, the oldest first: this worker's for as long as the lease.
    pub(crate) async fn take(
        &self,
        names: &[&str],
        worker: &str,
        limit: usize,
        lease: Duration,
    ) -> Result<Vec<Taken>, Error> {
        let arguments = vec![
            json(names),
            text(worker),
            Arg::Int(i64::try_from(limit).unwrap_or(i64::MAX)),
            seconds(lease),
        ];
        self.0.taken(self.0.statements().take, arguments).await
    }

    /// They have done their work, and nobody asks after them.
    pub(crate) async fn forget(&self, ids: &[i64], worker: &str) -> Done {
        self.run(self.0.statements().forget, vec![json(ids), text(worker)])
            .await
    }

    /// They have done their work, and their keys are to be known.
    pub(crate) async fn done(&self, ids: &[i64], worker: &str) -> Done {
        self.run(self.0.statements().done, vec![json(ids), text(worker)])
            .await
    }

    pub(crate) async fn retry(&self, id: i64, worker: &str, pause: Duration, why: &str) -> Done {
        let arguments = vec![Arg::Int(id), text(worker), seconds(pause), error(why)];
        self.run(self.0.statements().retry, arguments).await
    }

    pub(crate) async fn bury(&self, id: i64, worker: &str, why: &str) -> Done {
        let arguments = vec![Arg::Int(id), text(worker), error(why)];
        self.run(self.0.statements().bury, arguments).await
    }

    /// Hands back what this worker has, as if it had not been tried.
    pub(crate) async fn release(&self, worker: &str) -> Done {
        self.run(self.0.statements().release, vec![text(worker)])
            .await
    }

    /// What this worker has stays its own for as long again.
    pub(crate) async fn beat(&self, worker: &str, lease: Duration) -> Done {
        self.run(self.0.statements().beat, vec![text(worker), seconds(lease)])
            .await
    }

    /// Hands out again what belongs to workers that have not been heard of. Returns how many jobs.
    pub(crate) async fn recover(&self) -> Result<u64, Error> {
        self.0
            .execute(self.0.statements().recover, Vec::new())
            .await
    }

    /// Forgets keys of jobs that ended so long ago.
    pub(crate) async fn purge(&self, older: Duration) -> Result<u64, Error> {
        let arguments = vec![seconds(older)];
        self.0.execute(self.0.statements().purge, arguments).await
    }

    pub(crate) async fn depths(&self) -> Result<Vec<Depth>, Error> {
        self.0.depths().await
    }

    pub(crate) async fn schedules(&self) -> Result<Vec<Known>, Error> {
        self.0.known().await
    }

    /// Makes a schedule known; its first time is the next one.
    pub(crate) async fn know(&self, name: &str) -> Done {
        self.run(self.0.statements().know, vec![text(name)]).await
    }

    /// Asks for a job once, whoever else does. The key is what makes it once; without the tick written down a replica that
    /// comes when the key is forgotten would ask again.
    pub(crate) async fn schedule(
        &self,
        name: &str,
        queue: &str,
        payload: String,
        tick: Tick,
    ) -> Result<Option<i64>, Error> {
        let statements = self.0.statements();
        let arguments = vec![
            text(name),
            text(queue),
            Arg::Text(tick.to_string()),
            Arg::Text(payload),
            Arg::Int(tick.seconds()),
        ];
        let id = self.0.id(statements.schedule, arguments).await?;
        let arguments = vec![text(name), Arg::Int(tick.seconds())];
        self.run(statements.ticked, arguments).await?;
        Ok(id)
    }

    /// A job on a schedule has done its work.
    pub(crate) async fn succeeded(&self, name: &str) -> Done {
        self.run(self.0.statements().succeeded, vec![text(name)])
            .await
    }

    async fn run(&self, sql: &'static str, arguments: Vec<Arg>) -> Done {
        self.0.execute(sql, arguments).await.map(drop)
    }
}

fn text(text: &str) -> Arg {
    Arg::Text(text.to_owned())
}

fn seconds(duration: Duration) -> Arg {
    Arg::Real(duration.as_secs_f64())
}

fn error(text: &str) -> Arg {
    // PostgreSQL takes no NUL in a text.
    let clean = text.replace('\0', "");
    let end = clean.floor_char_boundary(MAX_ERROR);
    Arg::Text(clean[..end].to_owned())
}

fn json<T: serde::Serialize>(list: &[T]) -> Arg {
    Arg::Text(serde_json::to_string(list).expect("names and numbers are JSON"))
}
