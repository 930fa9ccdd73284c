use std::{any::Any, collections::HashSet, fmt, sync::Arc, time::Duration};

use belvedere_core::{Shutdown, propagation::Propagators, trace::Tracer};
use sqlx::Executor;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    Dialect, Handler, Job,
    handler::Erased,
    metadata::Contexts,
    queue::Queue,
    worker::{self, Worker},
};

/// Why jobs cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobsError {
    /// Two handlers for jobs of one name.
    #[error("the job `{0}` has two handlers: rename one of its types' `NAME`")]
    Twice(&'static str),
    /// A schedule that is none.
    #[error("the schedule of the job `{job}` cannot be read; write it as in `0 3 * * *`")]
    Cron {
        /// The job.
        job: &'static str,
        /// What is wrong with it.
        source: croner::errors::CronError,
    },
    /// The tables are not there, or cannot be read.
    #[error("the tables `jobs` and `job_schedules` cannot be read: run `<service> migrate`")]
    Store(#[source] sqlx::Error),
}

/// What this process does about jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Runs them.
    Work,
    /// Tells how many there are, and leaves them to workers elsewhere.
    Watch,
}

/// How jobs are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Runs at a time.
    pub concurrency: usize,
    /// How often an idle worker looks for jobs.
    pub poll: Duration,
    /// How long a job stays with a worker that is not heard of.
    pub lease: Duration,
    /// How long the key of a job is known after its end.
    pub keep_done: Duration,
}

/// What runs share with the rest of the process.
#[derive(Debug)]
pub struct Surroundings {
    /// Where spans go.
    pub tracer: Tracer,
    /// How callees are told of the trace.
    pub propagators: Propagators,
    /// From `draining` on no job is begun.
    pub shutdown: Shutdown,
    /// Held for as long as the worker lives; see [`Health::critical_task`](belvedere_core::Health::critical_task).
    pub held: Box<dyn Any + Send>,
}

/// The jobs that a service can do, and the database they wait in.
///
/// ```
/// # use belvedere_jobs::{Delivery, Handler, Job, Jobs};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Report;
/// # impl Job for Report { const NAME: &'static str = "report"; }
/// # async fn write_report(job: Delivery<Report>) -> Result<(), std::io::Error> { Ok(()) }
/// # fn example(pool: sqlx::SqlitePool) {
/// let jobs = Jobs::new(pool).handle(Handler::new(write_report).attempts(3));
/// # }
/// ```
#[must_use = "nothing is run before `start`"]
pub struct Jobs {
    queue: Queue,
    handlers: Vec<Erased>,
    fault: Option<JobsError>,
}

impl Jobs {
    /// `database`: sqlx's pool, or anything else of which a reference is an executor.
    pub fn new<DB, P>(database: P) -> Self
    where
        DB: Dialect,
        P: fmt::Debug + Send + Sync + 'static,
        for<'p> &'p P: Executor<'p, Database = DB>,
    {
        Self {
            queue: Queue::new(database),
            handlers: Vec::new(),
            fault: None,
        }
    }

    /// Adds what does one kind of job. Jobs of other names stay where they are, for a worker that knows them.
    pub fn handle<J: Job>(mut self, handler: Handler<J>) -> Self {
        match handler.erased() {
            Ok(handler) => self.handlers.push(handler),
            Err(source) => {
                let job = J::NAME;
                self.fault = Some(JobsError::Cron { job, source });
            }
        }
        self
    }

    /// Checks the tables, makes schedules known, and begins to work or to watch.
    ///
    /// # Errors
    ///
    /// See [`JobsError`].
    pub async fn start(
        self,
        role: Role,
        options: Options,
        surroundings: Surroundings,
    ) -> Result<Running, JobsError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        refuse_twins(&self.handlers)?;
        self.queue.depths().await.map_err(JobsError::Store)?;
        for handler in self
            .handlers
            .iter()
            .filter(|handler| handler.cron.is_some())
        {
            let known = self.queue.know(handler.name).await;
            known.map_err(JobsError::Store)?;
        }
        let handlers: Arc<[Erased]> = self.handlers.into();
        Ok(Running::start(
            self.queue,
            &handlers,
            role,
            options,
            surroundings,
        ))
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs")
            .field("handlers", &self.handlers)
            .finish_non_exhaustive()
    }
}

fn refuse_twins(handlers: &[Erased]) -> Result<(), JobsError> {
    let mut names = HashSet::new();
    match handlers.iter().find(|handler| !names.insert(handler.name)) {
        Some(twin) => Err(JobsError::Twice(twin.name)),
        None => Ok(()),
    }
}

/// A worker at work.
#[derive(Debug)]
#[must_use = "dropping it leaves the running jobs to another worker"]
pub struct Running {
    worker: Option<JoinHandle<Option<u32>>>,
    cut: watch::Sender<bool>,
    _keepers: worker::Keepers,
    /// Where no worker holds it.
    _held: Option<Box<dyn Any + Send>>,
}

impl Running {
    fn start(
        queue: Queue,
        handlers: &Arc<[Erased]>,
        role: Role,
        options: Options,
        surroundings: Surroundings,
    ) -> Self {
        let (cut, is_cut) = watch::channel(false);
        let id = worker::new_id();
        let keepers = worker::Keepers::start(role, &queue, handlers, &options, &id);
        let Surroundings {
            tracer,
            propagators,
            shutdown,
            held,
        } = surroundings;
        let (held, kept) = match role {
            Role::Work => (Some(held), None),
            Role::Watch => (None, Some(held)),
        };
        let worker = (role == Role::Work).then(|| {
            let contexts = Contexts::new(queue.system(), tracer, propagators);
            let worker = Worker::new(queue, handlers, contexts, options, id);
            belvedere_core::spawn(async move {
                let _held = held;
                worker.run(shutdown, is_cut).await
            })
        });
        Self {
            worker,
            cut,
            _keepers: keepers,
            _held: kept,
        }
    }

    /// Resolves when the last job has ended, after the shutdown has begun. Returns how many were cut.
    pub async fn ended(&mut self) -> u32 {
        let Some(worker) = &mut self.worker else {
            return 0;
        };
        let abandoned = worker.await.ok().flatten().unwrap_or(0);
        self.worker = None;
        abandoned
    }

    /// Cuts what is running, and hands it back for another worker to begin anew.
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }
}
