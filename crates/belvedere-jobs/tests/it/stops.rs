use std::time::Duration;

use belvedere_jobs::{Delivery, Handler, Jobs, enqueue};

use crate::helpers::{Note, Seen, note, noting, on_each, start};

on_each! {
    async fn a_running_job_ends_and_a_waiting_one_is_left(pool) {
        let seen = Seen::default();
        let told = seen.clone();
        let slow = Handler::new(move |job: Delivery<Note>| {
            let told = told.clone();
            async move {
                told.push("begun");
                tokio::time::sleep(Duration::from_secs(2)).await;
                told.push(format!("{} ended", job.text));
                Ok::<_, std::io::Error>(())
            }
        });
        enqueue(&note("running")).on(&pool).await.unwrap();
        let mut worker = start(Jobs::new(pool.clone()).handle(slow)).await;
        seen.wait_for(1).await;
        // It looks once more right after it has found something.
        tokio::time::sleep(Duration::from_millis(500)).await;
        worker.shutdown.drain();
        // A look that is under way finds nothing yet.
        tokio::time::sleep(Duration::from_millis(500)).await;
        enqueue(&note("waiting")).on(&pool).await.unwrap();
        assert_eq!(worker.running.ended().await, 0);
        assert_eq!(seen.all(), ["begun", "running ended"]);
        let states = "SELECT state FROM jobs";
        let states: Vec<String> = sqlx::query_scalar(states).fetch_all(&pool).await.unwrap();
        assert_eq!(states, ["waiting"], "what ended is written down");
    }
}

on_each! {
    async fn what_is_cut_is_handed_back_as_if_it_had_not_been_tried(pool) {
        enqueue(&note("hang")).on(&pool).await.unwrap();
        let seen = Seen::default();
        let mut worker = start(Jobs::new(pool.clone()).handle(noting(&seen))).await;
        seen.wait_for(1).await;
        worker.shutdown.drain();
        worker.running.cut();
        assert_eq!(worker.running.ended().await, 1);
        let row = "SELECT state, attempts FROM jobs";
        let row: (String, i32) = sqlx::query_as(row).fetch_one(&pool).await.unwrap();
        assert_eq!(row, ("waiting".to_owned(), 0));
    }
}
