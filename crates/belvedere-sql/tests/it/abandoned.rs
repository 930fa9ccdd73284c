//! Statements that nobody waits for any more.

use std::{
    future::poll_fn,
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use belvedere_sql::{DatabaseConfig, Db};
use belvedere_testing::ThrowAwayPostgres;
use futures_util::future::join_all;
use sqlx::Postgres;
use tokio::time::{sleep, timeout};

use crate::helpers::{config, connect, open};

const POOL: u32 = 5;
/// Far longer than anything here may take.
const FOREVER: &str = "SELECT pg_sleep(300)";
/// Five times what is expected.
const SOON: Duration = Duration::from_secs(10);
const ASLEEP: &str = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'";

async fn start(url: &str) -> Db<Postgres> {
    let config = DatabaseConfig {
        pool_size: POOL,
        ..config(url)
    };
    open(&config).await
}

/// As many statements at once as there are connections: one that is lost would be missed.
async fn assert_whole(db: &Db<Postgres>) {
    let all = (0..POOL).map(|_| sqlx::query("SELECT pg_sleep(0.2)").execute(db));
    let began = Instant::now();
    for outcome in join_all(all).await {
        outcome.unwrap();
    }
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

async fn asleep(other: &Db<Postgres>) -> i64 {
    sqlx::query_scalar(ASLEEP).fetch_one(other).await.unwrap()
}

async fn none_is_asleep(other: &Db<Postgres>) {
    let deadline = Instant::now() + SOON;
    while asleep(other).await > 0 {
        assert!(
            Instant::now() < deadline,
            "the server still works for nobody"
        );
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn five_hundred_cancelled_statements_leak_no_connection_and_end_on_the_server() {
    let server = ThrowAwayPostgres::start().unwrap();
    let db = start(server.url()).await;
    let other = connect::<Postgres>(server.url()).await;
    let began = Instant::now();
    let cancelled = (0..500_u64).map(async |n| {
        sleep(Duration::from_millis(n)).await;
        let limit = Duration::from_millis(n % 40);
        let outcome = timeout(limit, sqlx::query(FOREVER).execute(&db)).await;
        assert!(outcome.is_err());
    });
    join_all(cancelled).await;
    assert_whole(&db).await;
    none_is_asleep(&other).await;
    assert!(db.raw_pool().size() <= POOL);
    assert!(began.elapsed() < 2 * SOON, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_transaction_whose_statement_was_given_up_ends_at_once() {
    let server = ThrowAwayPostgres::start().unwrap();
    let db = start(server.url()).await;
    let other = connect::<Postgres>(server.url()).await;
    for says_so in [true, false] {
        let mut tx = db.begin().await.unwrap();
        let limit = Duration::from_millis(100);
        assert!(
            timeout(limit, sqlx::query(FOREVER).execute(&mut tx))
                .await
                .is_err()
        );
        let began = Instant::now();
        if says_so {
            tx.rollback().await.unwrap();
        } else {
            drop(tx);
        }
        assert!(began.elapsed() < SOON);
    }
    none_is_asleep(&other).await;
    assert_whole(&db).await;
}

/// Polls `work` so many times at most; true if it has ended by then.
async fn ends_within<F: Future>(polls: usize, work: F) -> bool {
    let (mut work, mut left) = (pin!(work), polls);
    poll_fn(|task| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        work.as_mut().poll(task).map(|_| true)
    })
    .await
}

/// sqlx hands such a connection to the next one, who then writes into a transaction that nobody commits.
#[tokio::test]
async fn a_begin_that_is_given_up_leaves_no_open_transaction() {
    let server = ThrowAwayPostgres::start().unwrap();
    let config = DatabaseConfig {
        pool_size: 1,
        ..config(server.url())
    };
    let db: Db<Postgres> = open(&config).await;
    let other = connect::<Postgres>(server.url()).await;
    let table = "CREATE TABLE orders (id BIGINT)";
    sqlx::query(table).execute(&db).await.unwrap();
    let mut written = 0;
    // Somewhere between the first word to the server and its last.
    for polls in 1.. {
        let has_begun = ends_within(polls, db.begin()).await;
        let insert = sqlx::query("INSERT INTO orders VALUES (1)").execute(&db);
        timeout(SOON, insert).await.unwrap().unwrap();
        written += 1;
        let count = sqlx::query_scalar("SELECT count(*) FROM orders");
        let count: i64 = count.fetch_one(&other).await.unwrap();
        assert_eq!(count, written, "given up after {polls} polls");
        if has_begun {
            break;
        }
    }
    assert!(written > 2, "it was given up in its middle");
}
