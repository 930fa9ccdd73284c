//! A server that crashes under load, again and again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use belvedere_sql::{Db, is_unavailable};
use belvedere_testing::{ThrowAwayPostgres, report};
use sqlx::Postgres;
use tokio::{task::JoinSet, time::sleep};

use crate::helpers::connect;

const WRITERS: usize = 8;
/// A throw-away server commits before it has written: this has to survive.
const TABLE: &str = "SET synchronous_commit = on; CREATE TABLE orders (id BIGINT)";
/// How long after its return the database has to be written to again.
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// What the writers have done.
#[derive(Debug, Default)]
struct Load {
    written: AtomicU64,
    refused: AtomicU64,
    is_over: AtomicBool,
}

impl Load {
    async fn write(self: Arc<Self>, db: Db<Postgres>) {
        while !self.is_over.load(Ordering::Relaxed) {
            match sqlx::query("INSERT INTO orders VALUES (1)")
                .execute(&db)
                .await
            {
                Ok(_) => self.written.fetch_add(1, Ordering::Relaxed),
                Err(error) => {
                    assert!(is_unavailable(&error), "{error}");
                    self.refused.fetch_add(1, Ordering::Relaxed)
                }
            };
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// How long it takes until more was written.
    async fn more(&self) -> Duration {
        let (before, began) = (self.written.load(Ordering::Relaxed), Instant::now());
        while self.written.load(Ordering::Relaxed) <= before {
            assert!(began.elapsed() < BACK_WITHIN, "no write in {BACK_WITHIN:?}");
            sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
    }
}

async fn survive(times: usize) {
    let server = Arc::new(ThrowAwayPostgres::server().unwrap());
    let db = connect::<Postgres>(server.url()).await;
    sqlx::raw_sql(TABLE).execute(&db).await.unwrap();
    let (load, mut writers) = (Arc::<Load>::default(), JoinSet::new());
    for _ in 0..WRITERS {
        writers.spawn(Arc::clone(&load).write(db.clone()));
    }
    let mut longest = Duration::ZERO;
    for _ in 0..times {
        load.more().await;
        let server = Arc::clone(&server);
        let restarted = tokio::task::spawn_blocking(move || server.restart()).await;
        restarted.unwrap().unwrap();
        longest = longest.max(load.more().await);
    }
    load.is_over.store(true, Ordering::Relaxed);
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }
    report(format_args!(
        "{times} restarts: {} written, {} refused, written again after {longest:?} at most",
        load.written.load(Ordering::Relaxed),
        load.refused.load(Ordering::Relaxed),
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_succeed_soon_after_a_crash_of_the_server() {
    survive(3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "soak: make soak"]
async fn writes_succeed_soon_after_each_of_twenty_crashes_of_the_server() {
    survive(20).await;
}
