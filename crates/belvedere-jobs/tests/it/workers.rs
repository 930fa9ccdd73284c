use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use belvedere_jobs::{Delivery, Handler, Jobs, JobsError, enqueue};

use crate::helpers::{Note, Other, Seen, note, noting, on_each, start};

on_each! {
    async fn jobs_are_shared_among_workers_and_none_is_run_twice(pool) {
        for number in 0..200 {
            enqueue(&note(&number.to_string())).on(&pool).await.unwrap();
        }
        let seen = Seen::default();
        let mut workers = Vec::new();
        for _ in 0..4 {
            workers.push(start(Jobs::new(pool.clone()).handle(noting(&seen))).await);
        }
        seen.wait_for(200).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut counts = HashMap::new();
        for text in seen.all() {
            *counts.entry(text).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 200);
        assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    }
}

on_each! {
    async fn a_kind_with_a_limit_has_no_more_runs_at_a_time(pool) {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let seen = Seen::default();
        let (told, is, was) = (seen.clone(), Arc::clone(&now), Arc::clone(&most));
        let limited = Handler::new(move |job: Delivery<Note>| {
            let (told, is, was) = (told.clone(), Arc::clone(&is), Arc::clone(&was));
            async move {
                was.fetch_max(is.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(300)).await;
                is.fetch_sub(1, Ordering::SeqCst);
                told.push(&job.text);
                Ok::<_, std::io::Error>(())
            }
        });
        for _ in 0..6 {
            enqueue(&note("x")).on(&pool).await.unwrap();
        }
        let _worker = start(Jobs::new(pool).handle(limited.concurrency(2))).await;
        seen.wait_for(6).await;
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }
}

on_each! {
    async fn a_job_that_nobody_here_knows_waits_for_who_does(pool) {
        enqueue(&Other).on(&pool).await.unwrap();
        enqueue(&note("known")).on(&pool).await.unwrap();
        let seen = Seen::default();
        let _worker = start(Jobs::new(pool.clone()).handle(noting(&seen))).await;
        seen.wait_for(1).await;
        let row = "SELECT state FROM jobs WHERE name = 'other' AND attempts = 0";
        let state: String = sqlx::query_scalar(row).fetch_one(&pool).await.unwrap();
        assert_eq!(state, "waiting");
    }
}

#[tokio::test]
async fn what_cannot_work_is_told_at_the_start() {
    let (_held, pool) = crate::helpers::sqlite().await;
    let seen = Seen::default();
    let twice = Jobs::new(pool.clone())
        .handle(noting(&seen))
        .handle(noting(&seen));
    let error = refusal(twice).await;
    assert!(matches!(error, JobsError::Twice("note")), "{error}");
    let never = noting(&seen).schedule("0 0 30 2 *", || note("never"));
    let error = refusal(Jobs::new(pool.clone()).handle(never)).await;
    assert!(error.to_string().contains("`note`"), "{error}");
    sqlx::query("DROP TABLE job_schedules")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("DROP TABLE jobs").execute(&pool).await.unwrap();
    let error = refusal(Jobs::new(pool).handle(noting(&seen))).await;
    assert!(error.to_string().contains("migrate"), "{error}");
}

async fn refusal(jobs: Jobs) -> JobsError {
    let surroundings = belvedere_jobs::Surroundings {
        tracer: belvedere_core::trace::Tracer::off(),
        propagators: belvedere_core::propagation::Propagators::default(),
        shutdown: belvedere_core::Shutdown::default(),
        held: Box::new(()),
    };
    let options = crate::helpers::options();
    let started = jobs.start(belvedere_jobs::Role::Work, options, surroundings);
    started.await.unwrap_err()
}
