//! Workers that are killed, and what becomes of their jobs.

use std::time::Duration;

use super::helpers::{Store, ask};

const JOBS: i64 = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_jobs_five_killed_workers_lose_none_and_each_has_its_effect_once() {
    let store = Store::start().await;
    let front = store.front();
    ask(&front, "brief", 1_000).await;
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
    while store.number("SELECT count(*) FROM effects").await < effects {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_run_no_tick_twice_even_when_one_is_killed() {
    let store = Store::start().await;
    let start = || {
        let worker = store.process().variable("TICKS", "true");
        worker.argument("worker").start().unwrap()
    };
    let (first, second) = (start(), start());
    let count = "SELECT count(*) FROM ticks";
    wait_for_ticks(&store, 3).await;
    second.kill().unwrap();
    let before = store.number(count).await;
    wait_for_ticks(&store, before + 3).await;
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

async fn wait_for_ticks(store: &Store, ticks: i64) {
    while store.number("SELECT count(*) FROM ticks").await < ticks {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
