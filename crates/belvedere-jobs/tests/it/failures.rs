use std::time::Duration;

use belvedere_jobs::{Jobs, enqueue};

use crate::helpers::{Seen, note, noting, on_each, start, wait_until};

/// Name, key, attempts and error of the dead letters.
const DEAD: &str = "SELECT attempts, last_error FROM jobs WHERE state = 'dead'";

on_each! {
    async fn a_job_that_fails_to_the_end_is_kept_with_its_error_and_holds_up_nobody(pool) {
        enqueue(&note("bad")).on(&pool).await.unwrap();
        let seen = Seen::default();
        let _worker = start(Jobs::new(pool.clone()).handle(noting(&seen).attempts(3))).await;
        seen.wait_for(3).await;
        enqueue(&note("good")).on(&pool).await.unwrap();
        let got = seen.wait_for(4).await;
        assert_eq!(got, ["bad#1", "bad#2", "bad#3", "good#1"]);
        let dead: Vec<(i32, String)> = sqlx::query_as(DEAD).fetch_all(&pool).await.unwrap();
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].0, 3);
        assert!(dead[0].1.starts_with("no way with"), "{dead:?}");
        assert!(!dead[0].1.contains("u:pw"), "{dead:?}");
    }
}

on_each! {
    async fn a_dead_letter_comes_back_when_it_is_put_back(pool) {
        enqueue(&note("bad")).on(&pool).await.unwrap();
        let seen = Seen::default();
        let _worker = start(Jobs::new(pool.clone()).handle(noting(&seen).attempts(1))).await;
        let is_dead = "SELECT count(*) FROM jobs WHERE state = 'dead'";
        wait_until(async || sqlx::query_scalar::<_, i64>(is_dead).fetch_one(&pool).await.unwrap() == 1).await;
        let put_back = "UPDATE jobs SET state = 'waiting', attempts = 0, run_at = created_at WHERE state = 'dead'";
        sqlx::query(put_back).execute(&pool).await.unwrap();
        assert_eq!(seen.wait_for(2).await, ["bad#1", "bad#1"]);
    }
}

on_each! {
    async fn a_panic_and_a_run_without_end_are_failures_as_others(pool) {
        for text in ["panic", "hang", "good"] {
            enqueue(&note(text)).on(&pool).await.unwrap();
        }
        let seen = Seen::default();
        let hasty = noting(&seen).attempts(1).timeout(Duration::from_millis(200));
        let _worker = start(Jobs::new(pool.clone()).handle(hasty)).await;
        let errors = "SELECT last_error FROM jobs WHERE state = 'dead' ORDER BY last_error";
        let read = async || sqlx::query_scalar::<_, String>(errors).fetch_all(&pool).await.unwrap();
        wait_until(async || read().await.len() == 2).await;
        let errors = read().await;
        assert_eq!(errors[0], "it has not ended within 0.2 s");
        assert!(errors[1].starts_with("panicked at ") && errors[1].ends_with(": no way"), "{errors:?}");
        assert!(seen.all().contains(&"good#1".to_owned()));
    }
}

on_each! {
    async fn a_payload_that_nobody_can_read_is_a_dead_letter_in_the_end(pool) {
        enqueue(&note("x")).on(&pool).await.unwrap();
        sqlx::query("UPDATE jobs SET payload = '{\"other\":1}'").execute(&pool).await.unwrap();
        let seen = Seen::default();
        let _worker = start(Jobs::new(pool.clone()).handle(noting(&seen).attempts(2))).await;
        let read = async || sqlx::query_as::<_, (i32, String)>(DEAD).fetch_all(&pool).await.unwrap();
        wait_until(async || read().await.len() == 1).await;
        let dead = read().await;
        assert_eq!(dead[0].0, 2);
        assert!(dead[0].1.contains("missing field `text`"), "{dead:?}");
    }
}
