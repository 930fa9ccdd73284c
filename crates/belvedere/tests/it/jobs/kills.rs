//! Workers that are killed, and what becomes of their jobs.

use sqlx::{Postgres, Transaction};

use super::helpers::{Store, ask};

const JOBS: i64 = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_jobs_five_killed_workers_lose_none_and_each_has_its_effect_once() {
    let store = Store::start().await;
    let front = store.front();
    for _ in 0..10 {
        // In parts that no time limit for requests cuts on a busy machine.
        ask(&front, "brief", 100).await;
    }
    let witness = store.worker();
    let mut killed = 0;
    for kill in 1..=5 {
        let victim = store.worker();
        wait_for_share(&store, JOBS * kill / 8).await;
        let held = store
            .number("SELECT count(*) FROM jobs WHERE state = 'running'")
            .await;
        killed += held;
        victim.kill().unwrap();
    }
    assert!(killed > 0, "none of them had anything to lose");
    store.wait_for("SELECT count(*) FROM jobs", 0).await;
    assert_eq!(store.number("SELECT count(*) FROM effects").await, JOBS);
    assert_eq!(
        store
            .number("SELECT count(DISTINCT job_id) FROM runs")
            .await,
        JOBS
    );
    let again = store
        .number("SELECT count(*) FROM runs WHERE attempt > 1")
        .await;
    assert!(again > 0, "a job that was cut off is run again");
    witness
        .line(|line| line["message"] == "jobs_recovered")
        .await;
    front
        .metric(r#"job_queue_depth{queue="errands",state="waiting"} 0"#)
        .await;
}

async fn wait_for_share(store: &Store, effects: i64) {
    let count = "SELECT count(*) FROM effects";
    store.wait_for_more(count, effects).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_run_no_tick_twice_even_when_one_is_killed() {
    let store = Store::start().await;
    let start = || {
        let worker = store.process().variable("TICKS", "true");
        worker.argument("worker").start().unwrap()
    };
    let (first, second) = (start(), start());
    for _ in 0..2 {
        both_ask(&store).await.commit().await.unwrap();
    }
    let held = both_ask(&store).await;
    second.kill().unwrap();
    held.commit().await.unwrap();
    let before = store.number(TICKS).await;
    store.wait_for_more(TICKS, before + 3).await;
    // A tick whose run was killed in its middle is run again: at least once, and asked for once.
    let keys = "SELECT count(DISTINCT left(key, 29)) FROM jobs WHERE name = 'tick'";
    let jobs = "SELECT count(*) FROM jobs WHERE name = 'tick'";
    assert_eq!(store.number(keys).await, store.number(jobs).await);
    let twice =
        "SELECT count(*) FROM (SELECT tick FROM ticks GROUP BY tick HAVING count(*) > 1) AS twice";
    let again = "SELECT count(*) FROM jobs WHERE name = 'tick' AND attempts > 1";
    assert!(store.number(twice).await <= store.number(again).await);
    first
        .metric("job_last_success_timestamp_seconds{job=\"tick\"} 1")
        .await;
}

const TICKS: &str = "SELECT count(*) FROM ticks";

/// Both workers have asked for the same tick, and neither knows of the other: what they write down next waits for the end of this.
async fn both_ask(store: &Store) -> Transaction<'_, Postgres> {
    let mut held = store.pool.begin().await.unwrap();
    let schedules = "SELECT 1 FROM job_schedules FOR UPDATE";
    sqlx::query(schedules).execute(&mut *held).await.unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND wait_event_type = 'Lock' AND query LIKE 'UPDATE job_schedules SET last_tick%'";
    store.wait_for(waiting, 2).await;
    held
}
