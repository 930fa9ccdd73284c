//! A database with the template's tables, and handlers that tell what they were given.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use belvedere_core::{Shutdown, propagation::Propagators, trace::Tracer};
use belvedere_jobs::{Delivery, Handler, Job, Jobs, Options, Role, Running, Surroundings};
use belvedere_testing::ThrowAwayPostgres;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Executor, PgPool, SqlitePool, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

/// Longer than anything takes here on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const POSTGRES: &str = include_str!("../../../../template/migrations/postgres/0002_jobs.up.sql");
const SQLITE: &str = include_str!("../../../../template/migrations/sqlite/0002_jobs.up.sql");

/// One body, run on each database: `pool` is sqlx's own.
macro_rules! on_each {
    (async fn $name:ident($pool:ident) $body:block) => {
        mod $name {
            // Used by this at least: not every body needs what stands around it.
            use super::*;
            on_each! { @tests $pool $body }
        }
    };
    (@tests $pool:ident $body:block) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn postgres() {
            let (_held, $pool) = crate::helpers::postgres().await;
            $body
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn sqlite() {
            let (_held, $pool) = crate::helpers::sqlite().await;
            $body
        }
    };
}
pub(crate) use on_each;

pub(crate) async fn postgres() -> (ThrowAwayPostgres, PgPool) {
    let started = tokio::task::spawn_blocking(ThrowAwayPostgres::start);
    let server = started.await.unwrap().unwrap();
    let pool = PgPool::connect(server.url()).await.unwrap();
    pool.execute(AssertSqlSafe(POSTGRES)).await.unwrap();
    (server, pool)
}

pub(crate) async fn sqlite() -> (TempDir, SqlitePool) {
    let folder = TempDir::new().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("jobs.db"))
        .create_if_missing(true)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    pool.execute(AssertSqlSafe(SQLITE)).await.unwrap();
    (folder, pool)
}

/// A job whose payload says what its handler does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) text: String,
}

impl Job for Note {
    const NAME: &'static str = "note";
    const QUEUE: &'static str = "notes";
}

pub(crate) fn note(text: &str) -> Note {
    Note {
        text: text.to_owned(),
    }
}

/// A job of another name.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Other;

impl Job for Other {
    const NAME: &'static str = "other";
}

/// What handlers were given, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    pub(crate) fn push(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) async fn wait_for(&self, count: usize) -> Vec<String> {
        wait_until(async || self.all().len() >= count).await;
        self.all()
    }
}

pub(crate) async fn wait_until(mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "it did not become so");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Keeps what it is given; fails at `bad`, panics at `panic`, and never ends at `hang`.
pub(crate) fn noting(seen: &Seen) -> Handler<Note> {
    let seen = seen.clone();
    let handler = Handler::new(move |job: Delivery<Note>| {
        let seen = seen.clone();
        async move {
            seen.push(format!("{}#{}", job.text, job.attempt));
            match job.text.as_str() {
                "bad" => Err(std::io::Error::other(
                    "no way with token=hunter2 at redis://u:pw@h",
                )),
                "panic" => panic!("no way"),
                "hang" => std::future::pending().await,
                _ => Ok(()),
            }
        }
    });
    handler.backoff(Duration::from_millis(10), Duration::from_millis(20))
}

pub(crate) fn options() -> Options {
    Options {
        concurrency: 8,
        poll: Duration::from_millis(20),
        lease: Duration::from_secs(30),
        keep_done: Duration::from_secs(3600),
    }
}

/// A worker, and what ends it.
pub(crate) struct Worker {
    pub(crate) running: Running,
    pub(crate) shutdown: Shutdown,
}

pub(crate) async fn start(jobs: Jobs) -> Worker {
    start_with(jobs, options()).await
}

pub(crate) async fn start_with(jobs: Jobs, options: Options) -> Worker {
    let shutdown = Shutdown::default();
    let surroundings = Surroundings {
        tracer: Tracer::off(),
        propagators: Propagators::default(),
        shutdown: shutdown.clone(),
        held: Box::new(()),
    };
    let running = jobs.start(Role::Work, options, surroundings).await;
    Worker {
        running: running.unwrap(),
        shutdown,
    }
}
