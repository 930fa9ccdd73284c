use std::time::Duration;

use belvedere_jobs::{Enqueued, Jobs, enqueue};

use crate::helpers::{Seen, note, noting, on_each, start, wait_until};

on_each! {
    async fn a_job_is_stored_with_its_transaction_or_not_at_all(pool) {
        let mut tx = pool.begin().await.unwrap();
        enqueue(&note("lost")).on(&mut *tx).await.unwrap();
        tx.rollback().await.unwrap();
        let mut tx = pool.begin().await.unwrap();
        enqueue(&note("kept")).on(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        let seen = Seen::default();
        let _worker = start(Jobs::new(pool).handle(noting(&seen))).await;
        assert_eq!(seen.wait_for(1).await, ["kept#1"]);
    }
}

on_each! {
    async fn a_key_comes_once_and_its_second_transaction_goes_on(pool) {
        let mut tx = pool.begin().await.unwrap();
        let first = enqueue(&note("first")).key("a").on(&mut *tx).await.unwrap();
        assert!(matches!(first, Enqueued::New(_)));
        let second = enqueue(&note("second")).key("a").on(&mut *tx).await.unwrap();
        assert_eq!(second, Enqueued::Duplicate);
        enqueue(&note("other")).key("b").on(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        let seen = Seen::default();
        let _worker = start(Jobs::new(pool.clone()).handle(noting(&seen))).await;
        let mut got = seen.wait_for(2).await;
        got.sort();
        assert_eq!(got, ["first#1", "other#1"]);
        let done = "SELECT count(*) FROM jobs WHERE state = 'done'";
        wait_until(async || sqlx::query_scalar::<_, i64>(done).fetch_one(&pool).await.unwrap() == 2).await;
        let late = enqueue(&note("late")).key("a").on(&pool).await.unwrap();
        assert_eq!(late, Enqueued::Duplicate, "a key outlives its job");
    }
}

on_each! {
    async fn a_job_waits_for_its_delay(pool) {
        let delay = Duration::from_millis(700);
        let began = std::time::Instant::now();
        enqueue(&note("later")).delay(delay).on(&pool).await.unwrap();
        enqueue(&note("now")).on(&pool).await.unwrap();
        let seen = Seen::default();
        let _worker = start(Jobs::new(pool).handle(noting(&seen))).await;
        assert_eq!(seen.wait_for(2).await, ["now#1", "later#1"]);
        assert!(began.elapsed() >= delay, "{:?}", began.elapsed());
    }
}
