//! A service with work outside of requests: for trying what becomes of that.
//!
//! `DATABASE_URL=postgres://.. cargo run --features jobs,postgres --example errands`, then
//! `curl -d '{"text":"call"}' -H 'content-type: application/json' -H 'x-tenant-id: acme' http://127.0.0.1:8000/errands`.
//! With `-- worker` it only works; `NEXT__URL` is who is called.

use std::{process::ExitCode, time::Duration};

use axum::{Router, extract::State, routing::post};
use belvedere::{
    Boot, BootError, Delivery, Enqueued, Handler, Job, Jobs, Problem, Stopped, Upstream,
    UpstreamConfig, about, enqueue, extract::Json, settings, sql::Db,
};
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, migrate::Migrator};

type Database = Db<Postgres>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

static MIGRATIONS: Migrator = sqlx::migrate!("../../template/migrations/postgres");
/// What runs leave behind: one row for each, and one effect for each job.
const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS runs (job_id BIGINT NOT NULL, attempt INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS effects (job_id BIGINT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS ticks (tick TEXT NOT NULL)",
];

settings! {
    /// What it needs to know.
    struct Settings {
        /// Who is called; without a URL nobody is.
        next: UpstreamConfig = UpstreamConfig::default(),
        /// Whether it asks for something each second.
        ticks: bool = false,
    }
}

/// What is to be done: nothing at all where it is empty, `call`, `sleep`, `poison`, `panic`, `once` (fails the first time), or anything else.
#[derive(Debug, Serialize, Deserialize)]
struct Errand {
    text: String,
}

impl Job for Errand {
    const NAME: &'static str = "errand";
    const QUEUE: &'static str = "errands";
}

#[derive(Debug, Serialize, Deserialize)]
struct Tick;

impl Job for Tick {
    const NAME: &'static str = "tick";
}

#[derive(Debug, Clone)]
struct Errands {
    database: Database,
    next: Option<Upstream>,
}

fn main() -> ExitCode {
    belvedere::main(about!(), compose)
}

async fn compose(boot: Boot<Settings>) -> Result<Stopped, BootError> {
    let settings = &boot.config().app;
    let database: Database = boot.database(&MIGRATIONS).await?;
    for table in TABLES {
        let made = sqlx::query(table).execute(&database).await;
        // Two that start at once may both try.
        made.or_else(|error| {
            belvedere::sql::is_unique_violation(&error)
                .then(Default::default)
                .ok_or(error)
        })
        .map_err(|error| BootError::Other(error.into()))?;
    }
    let next = match settings.next.url {
        Some(_) => Some(Upstream::new("next", &settings.next)?),
        None => None,
    };
    let errands = Errands {
        database: database.clone(),
        next,
    };
    boot.service()
        .health_check(database.health_check())
        .jobs(jobs(&errands, settings.ticks))
        .routes(
            Router::new()
                .route("/errands", post(ask))
                .with_state(errands),
        )
        .at_stop(move || async move { database.close().await })
        .run()
        .await
}

fn jobs(errands: &Errands, ticks: bool) -> Jobs {
    let (own, ticking) = (errands.clone(), errands.clone());
    let errand = Handler::new(move |job| run(own.clone(), job))
        .attempts(3)
        .backoff(Duration::from_millis(20), Duration::from_millis(50));
    let tick = Handler::new(move |job| tick(ticking.clone(), job));
    let jobs = Jobs::new(errands.database.clone()).handle(errand);
    if ticks {
        jobs.handle(tick.schedule("* * * * * *", || Tick))
    } else {
        jobs.handle(tick)
    }
}

#[derive(Debug, Deserialize)]
struct Asked {
    text: String,
    key: Option<String>,
    /// How many of them.
    #[serde(default = "one")]
    count: u32,
}

const fn one() -> u32 {
    1
}

/// Puts errands down in one transaction. Answers with how many are new.
async fn ask(State(errands): State<Errands>, Json(asked): Json<Asked>) -> Result<String, Problem> {
    let mut tx = errands.database.begin().await.map_err(Problem::internal)?;
    let mut new = 0;
    for _ in 0..asked.count {
        let text = asked.text.clone();
        let errand = Errand { text };
        let mut errand = enqueue(&errand);
        if let Some(key) = &asked.key {
            errand = errand.key(key);
        }
        let enqueued = errand.on(&mut tx).await.map_err(Problem::internal)?;
        new += u32::from(enqueued != Enqueued::Duplicate);
    }
    tx.commit().await.map_err(Problem::internal)?;
    Ok(new.to_string())
}

#[tracing::instrument(skip_all)]
async fn run(errands: Errands, job: Delivery<Errand>) -> Result<(), Failure> {
    if job.text.is_empty() {
        return Ok(());
    }
    let attempt = i32::try_from(job.attempt)?;
    sqlx::query("INSERT INTO runs (job_id, attempt) VALUES ($1, $2)")
        .bind(job.id)
        .bind(attempt)
        .execute(&errands.database)
        .await?;
    tracing::info!(text = job.text, "errand_run");
    match job.text.as_str() {
        "call" => call(&errands).await?,
        "sleep" => tokio::time::sleep(Duration::from_secs(2)).await,
        "long" => tokio::time::sleep(Duration::from_secs(60)).await,
        "brief" => tokio::time::sleep(Duration::from_millis(10)).await,
        "poison" => return Err("it is poisoned".into()),
        "panic" => panic!("it panics"),
        "once" if job.attempt == 1 => return Err("it fails once".into()),
        _ => {}
    }
    // The effect: once, however often the job is run.
    sqlx::query("INSERT INTO effects (job_id) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(job.id)
        .execute(&errands.database)
        .await?;
    Ok(())
}

async fn call(errands: &Errands) -> Result<(), Failure> {
    let next = errands.next.as_ref().ok_or("there is no NEXT__URL")?;
    next.get("relay").send().await?;
    Ok(())
}

async fn tick(errands: Errands, job: Delivery<Tick>) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO ticks (tick) VALUES ($1)")
        .bind(job.key.as_deref())
        .execute(&errands.database)
        .await
        .map(drop)
}
