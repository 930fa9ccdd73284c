//! What is measured: a service that stores jobs and leaves them, and a worker that runs them.

use std::convert::Infallible;

use axum::{Router, extract::State, routing::post};
use belvedere::{
    Boot, BootError, Delivery, Handler, Job, Jobs, Problem, Stopped, about, enqueue, sql::Db,
};
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, migrate::Migrator};

use super::{apart::tell_cpu, side::LATER};

/// Jobs that one request stores, in one transaction.
pub(super) const AT_ONCE: usize = 100;
pub(super) const PATH: &str = "/jobs";

type Database = Db<Postgres>;

static MIGRATIONS: Migrator = sqlx::migrate!("../../template/migrations/postgres");

#[derive(Debug, Serialize, Deserialize)]
struct Nothing {
    text: String,
}

impl Job for Nothing {
    const NAME: &'static str = "nothing";
}

pub(super) fn serve() {
    tell_cpu();
    belvedere::main(about!(), compose);
}

async fn compose(boot: Boot) -> Result<Stopped, BootError> {
    let database: Database = boot.database(&MIGRATIONS).await?;
    let jobs = Jobs::new(database.clone()).handle(Handler::new(do_nothing));
    let routes = Router::new().route(PATH, post(store));
    boot.service()
        .jobs(jobs)
        .routes(routes.with_state(database.clone()))
        .at_stop(move || async move { database.close().await })
        .run()
        .await
}

/// With a span of its own, as the template's has.
#[tracing::instrument(skip_all)]
async fn do_nothing(_: Delivery<Nothing>) -> Result<(), Infallible> {
    Ok(())
}

async fn store(State(database): State<Database>) -> Result<(), Problem> {
    let mut tx = database.begin().await.map_err(Problem::internal)?;
    for _ in 0..AT_ONCE {
        let text = "hello".to_owned();
        let stored = enqueue(&Nothing { text }).delay(LATER).on(&mut tx).await;
        stored.map_err(Problem::internal)?;
    }
    tx.commit().await.map_err(Problem::internal)
}
