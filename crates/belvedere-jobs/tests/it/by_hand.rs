//! The statements of docs/JOBS.md, as an operator would paste them.

use belvedere_jobs::{Jobs, enqueue};
use sqlx::{AssertSqlSafe, Executor, PgPool, Row};

use crate::helpers::{Seen, note, noting, postgres, start, wait_until};

const PAGE: &str = include_str!("../../../../docs/JOBS.md");

/// What stands in the fences marked `sql`, for jobs of the name `note`.
fn statements() -> Vec<String> {
    let blocks = PAGE.split("```sql\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split_once("\n```"));
    let names = |text: &str| {
        let text = text.replace("send_confirmation", "note");
        text.replace("report_orders", "note")
            .replace("'default'", "'notes'")
    };
    blocks.map(|(text, _)| names(text)).collect()
}

async fn states(pool: &PgPool) -> Vec<(String, i32)> {
    let states = "SELECT state, attempts FROM jobs ORDER BY id";
    sqlx::query_as(states).fetch_all(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_is_read_put_back_and_taken_out() {
    let [list, put_back, take_out, _] = &statements()[..] else {
        panic!("{:?}", statements());
    };
    let (_held, pool) = postgres().await;
    enqueue(&note("bad")).on(&pool).await.unwrap();
    let seen = Seen::default();
    let worker = start(Jobs::new(pool.clone()).handle(noting(&seen).attempts(1))).await;
    wait_until(async || states(&pool).await == [("dead".to_owned(), 1)]).await;
    drop(worker.running);
    worker.shutdown.drain();
    let rows = pool.fetch_all(AssertSqlSafe(list.clone())).await.unwrap();
    assert_eq!(rows.len(), 1);
    let error: String = rows[0].get("last_error");
    assert!(error.contains("no way"), "{error}");
    pool.execute(AssertSqlSafe(put_back.clone())).await.unwrap();
    assert_eq!(states(&pool).await, [("waiting".to_owned(), 0)]);
    let id: i64 = rows[0].get("id");
    let take_out = take_out.replace("id = 7", &format!("id = {id}"));
    pool.execute(AssertSqlSafe(take_out)).await.unwrap();
    assert_eq!(states(&pool).await, [("dead".to_owned(), 0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_schedule_does_is_asked_for_now() {
    let (_held, pool) = postgres().await;
    let ask = statements().pop().unwrap();
    let ask = ask.replace("'null'", "'{\"text\": \"now\"}'");
    let seen = Seen::default();
    let yearly = noting(&seen).schedule("0 0 1 1 *", || note("then"));
    let _worker = start(Jobs::new(pool.clone()).handle(yearly)).await;
    pool.execute(AssertSqlSafe(ask)).await.unwrap();
    assert_eq!(seen.wait_for(1).await, ["now#1"]);
}
