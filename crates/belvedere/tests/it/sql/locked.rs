//! A table that somebody has locked.

use std::time::{Duration, Instant};

use belvedere_testing::{Quantiles, ThrowAwayPostgres, report};
use futures_util::future::join_all;
use sqlx::{Connection, Executor, PgConnection};

use super::queries;

/// What a request may wait for its database in all.
const LIMIT: Duration = Duration::from_secs(2);
/// How much longer its answer may take: five times what is wanted.
const SLACK: Duration = Duration::from_secs(1);
/// Fewer than the pool has connections.
const BLOCKED: usize = 7;
/// Five times what is wanted.
const FAST: Duration = Duration::from_millis(100);

#[tokio::test]
async fn who_waits_for_a_locked_table_is_answered_503_in_time_and_others_are_not_held_up() {
    let postgres = ThrowAwayPostgres::start().unwrap();
    let mut locker = PgConnection::connect(postgres.url()).await.unwrap();
    let service = queries().postgres(postgres).start().unwrap();
    locker.execute("BEGIN; LOCK TABLE visits").await.unwrap();

    let blocked = async || {
        let began = Instant::now();
        let answer = service
            .anonymous()
            .post("/visits", &serde_json::Value::Null)
            .await;
        (answer, began.elapsed())
    };
    let free = async {
        let mut took = Vec::new();
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            for path in ["/ok", "/orders"] {
                let began = Instant::now();
                assert_eq!(service.anonymous().get(path).await.status, 200, "{path}");
                took.push(began.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        took.into_iter().collect::<Quantiles>()
    };
    let (answers, free) = tokio::join!(join_all((0..BLOCKED).map(|_| blocked())), free);
    let took: Quantiles = answers.iter().map(|(_, took)| *took).collect();
    report(format_args!("blocked: {took}"));
    report(format_args!("others: {free}"));
    for (answer, took) in &answers {
        assert_eq!(answer.status, 503);
        assert_eq!(answer.json()["error"], "database_unavailable");
        assert_eq!(answer.header("retry-after"), "1");
        assert!((LIMIT..LIMIT + SLACK).contains(took), "{took:?}");
    }
    assert!(free.at(0.5) < FAST, "{free}");

    locker.execute("COMMIT").await.unwrap();
    let answer = service
        .anonymous()
        .post("/visits", &serde_json::Value::Null)
        .await;
    assert_eq!(answer.status, 200);
    let slow = service
        .line(|line| line["message"] == "slow_query_running")
        .await;
    assert_eq!(
        (&slow["collection"], &slow["route"]),
        (&"visits".into(), &"/visits".into())
    );
}
