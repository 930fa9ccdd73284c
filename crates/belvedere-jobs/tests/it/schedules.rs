use std::collections::HashSet;

use belvedere_jobs::{Delivery, Handler, Jobs};

use crate::helpers::{Note, Seen, note, on_each, start, wait_until};

/// Bytes of `schedule@2026-11-21T03:00:00Z`.
const TICK: usize = 29;

/// Tells the tick that asked for it.
fn ticking(seen: &Seen, times: &str) -> Handler<Note> {
    let seen = seen.clone();
    let handler = Handler::new(move |job: Delivery<Note>| {
        let seen = seen.clone();
        async move {
            seen.push(job.key.as_deref().unwrap_or("no key"));
            Ok::<_, std::io::Error>(())
        }
    });
    handler.schedule(times, || note("tick"))
}

on_each! {
    async fn several_workers_run_each_tick_once(pool) {
        let seen = Seen::default();
        let mut workers = Vec::new();
        for _ in 0..3 {
            let jobs = Jobs::new(pool.clone()).handle(ticking(&seen, "* * * * * *"));
            workers.push(start(jobs).await);
        }
        let ticks = seen.wait_for(4).await;
        let different: HashSet<_> = ticks.iter().map(|tick| &tick[..TICK]).collect();
        assert_eq!(different.len(), ticks.len(), "{ticks:?}");
        assert!(ticks[0].starts_with("schedule@20") && ticks[0].ends_with('Z'), "{ticks:?}");
        let success = "SELECT count(*) FROM job_schedules WHERE name = 'note' AND last_success IS NOT NULL";
        wait_until(async || sqlx::query_scalar::<_, i64>(success).fetch_one(&pool).await.unwrap() == 1).await;
    }
}

on_each! {
    async fn of_the_times_without_a_worker_the_last_is_made_up_for(pool) {
        let seen = Seen::default();
        let yearly = "0 0 1 1 *";
        drop(start(Jobs::new(pool.clone()).handle(ticking(&seen, yearly))).await);
        let long_ago = "UPDATE job_schedules SET last_tick = (SELECT last_tick FROM before)";
        let long_ago = format!("WITH before AS (SELECT {} AS last_tick) {long_ago}", five_years_ago(&pool));
        sqlx::query(sqlx::AssertSqlSafe(long_ago)).execute(&pool).await.unwrap();
        let _worker = start(Jobs::new(pool).handle(ticking(&seen, yearly))).await;
        let ticks = seen.wait_for(1).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert_eq!(seen.all().len(), 1, "{ticks:?}");
        assert!(ticks[0].ends_with("-01-01T00:00:00Z"), "{ticks:?}");
    }
}

on_each! {
    async fn a_new_schedule_waits_for_its_first_time(pool) {
        let seen = Seen::default();
        let _worker = start(Jobs::new(pool).handle(ticking(&seen, "0 0 1 1 *"))).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert!(seen.all().is_empty(), "{:?}", seen.all());
    }
}

fn five_years_ago<DB: sqlx::Database>(_: &sqlx::Pool<DB>) -> &'static str {
    match DB::NAME {
        "PostgreSQL" => "now() - interval '5 years'",
        _ => "unixepoch() - 5 * 365 * 86400.0",
    }
}
