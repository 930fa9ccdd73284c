//! Statements that nobody waits for any more.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
    time::{Duration, Instant},
};

use belvedere_sql::{DatabaseConfig, Db};
use belvedere_testing::{TcpProxy, ThrowAwayPostgres};
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

/// Polls `work` until the server has been sent so many more messages, and leaves it there.
async fn run_up_to<F: Future>(proxy: &TcpProxy, messages: usize, mut work: Pin<&mut F>) {
    let wanted = proxy.messages() + messages;
    while proxy.messages() < wanted {
        let has_ended = poll_fn(|task| Poll::Ready(work.as_mut().poll(task).is_ready())).await;
        assert!(!has_ended, "it is given up in its middle");
        // What was sent arrives, and its answer as well.
        sleep(Duration::from_millis(20)).await;
    }
}

/// Waits for the pool's one connection, and gives it back here and now. One that is dropped counts as idle a moment before
/// anybody gets it: who comes in that moment waits, and takes it without the question whether it works.
async fn until_idle(db: &Db<Postgres>) {
    let mut connection = db.raw_pool().acquire().await.unwrap();
    connection.return_to_pool().await;
}

async fn until_transactions_are(count: i64, other: &Db<Postgres>) {
    let open = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'";
    let is_so = async {
        while sqlx::query_scalar::<_, i64>(open)
            .fetch_one(other)
            .await
            .unwrap()
            != count
        {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = timeout(SOON, is_so).await;
    assert!(in_time.is_ok(), "there are not {count} open transactions");
}

/// sqlx hands such a connection to the next one, who then writes into a transaction that nobody commits.
#[tokio::test]
async fn a_begin_that_is_given_up_leaves_no_open_transaction() {
    let server = ThrowAwayPostgres::start().unwrap();
    let proxy = TcpProxy::before(server.url()).unwrap();
    let config = DatabaseConfig {
        pool_size: 1,
        ..config(proxy.url())
    };
    let db: Db<Postgres> = open(&config).await;
    let other = connect::<Postgres>(server.url()).await;
    let table = "CREATE TABLE orders (id BIGINT)";
    sqlx::query(table).execute(&db).await.unwrap();
    // The question whether the connection works, and the BEGIN.
    for messages in 1..=2 {
        until_idle(&db).await;
        {
            let mut begin = pin!(db.begin());
            run_up_to(&proxy, messages, begin.as_mut()).await;
            until_transactions_are(messages as i64 - 1, &other).await;
        }
        let insert = sqlx::query("INSERT INTO orders VALUES (1)").execute(&db);
        timeout(SOON, insert).await.unwrap().unwrap();
        let written = sqlx::query_scalar("SELECT count(*) FROM orders");
        let written: i64 = written.fetch_one(&other).await.unwrap();
        assert_eq!(
            written, messages as i64,
            "given up after {messages} messages"
        );
        until_transactions_are(0, &other).await;
    }
}
