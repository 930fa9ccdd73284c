use std::time::Duration;

use belvedere_jobs::{Jobs, Options, enqueue};

use crate::helpers::{Seen, note, noting, on_each, options, start_with, wait_until};

/// As a worker that was killed leaves it: running, and its lease over soon.
const ORPHANED: &str =
    "UPDATE jobs SET state = 'running', worker = 'gone', attempts = 1, lease_until = run_at";

fn hasty() -> Options {
    Options {
        lease: Duration::from_millis(600),
        ..options()
    }
}

on_each! {
    async fn what_a_dead_worker_has_left_is_run_by_another(pool) {
        enqueue(&note("left")).on(&pool).await.unwrap();
        sqlx::query(ORPHANED).execute(&pool).await.unwrap();
        let seen = Seen::default();
        let _worker = start_with(Jobs::new(pool).handle(noting(&seen)), hasty()).await;
        assert_eq!(seen.wait_for(1).await, ["left#2"]);
    }
}

on_each! {
    async fn a_job_that_kills_its_workers_is_dead_after_its_attempts(pool) {
        enqueue(&note("killer")).on(&pool).await.unwrap();
        sqlx::query(ORPHANED).execute(&pool).await.unwrap();
        let seen = Seen::default();
        let jobs = Jobs::new(pool.clone()).handle(noting(&seen).attempts(1));
        let _worker = start_with(jobs, hasty()).await;
        let error = "SELECT last_error FROM jobs WHERE state = 'dead'";
        let read = async || sqlx::query_scalar::<_, String>(error).fetch_optional(&pool).await.unwrap();
        wait_until(async || read().await.is_some()).await;
        assert!(read().await.unwrap().contains("worker has died"));
        assert!(seen.all().is_empty(), "it was not run again");
    }
}

on_each! {
    async fn a_long_run_keeps_its_lease(pool) {
        enqueue(&note("hang")).on(&pool).await.unwrap();
        let seen = Seen::default();
        let _first = start_with(Jobs::new(pool.clone()).handle(noting(&seen)), hasty()).await;
        seen.wait_for(1).await;
        let _second = start_with(Jobs::new(pool.clone()).handle(noting(&seen)), hasty()).await;
        tokio::time::sleep(hasty().lease * 4).await;
        assert_eq!(seen.all(), ["hang#1"]);
    }
}
