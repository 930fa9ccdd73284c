//! The end of a process that has jobs running.

use super::helpers::{Store, ask};

#[tokio::test]
async fn a_running_job_ends_within_the_deadline_of_the_shutdown() {
    for is_worker in [false, true] {
        let store = Store::start().await;
        let front = store.front();
        let process = store.process();
        let process = match is_worker {
            true => process.argument("worker"),
            false => process,
        };
        let process = process.start().unwrap();
        ask(&front, "sleep", 1).await;
        process.line(|line| line["message"] == "errand_run").await;
        let (status, lines) = process.stop().unwrap();
        assert_eq!(status.code(), Some(0));
        let at = |message: &str| lines.iter().position(|line| line["message"] == message);
        assert!(
            at("application_draining") < at("job_completed"),
            "{lines:?}"
        );
        assert!(at("job_completed") < at("application_stopped"), "{lines:?}");
        assert_eq!(store.number("SELECT count(*) FROM jobs").await, 0);
    }
}

#[tokio::test]
async fn a_job_that_takes_too_long_is_cut_handed_back_and_told() {
    let store = Store::start().await;
    let hasty = store.process().variable("SHUTDOWN__TIMEOUT_SECONDS", "0.3");
    let hasty = hasty.start().unwrap();
    ask(&hasty, "long", 1).await;
    hasty.line(|line| line["message"] == "errand_run").await;
    let (status, lines) = hasty.stop().unwrap();
    assert_eq!(status.code(), Some(1));
    let told = lines
        .iter()
        .find(|line| line["message"] == "jobs_abandoned");
    assert_eq!(told.unwrap()["abandoned"], 1);
    let stopped = lines.last().unwrap();
    assert_eq!(stopped["abandoned_jobs"], 1, "{stopped}");
    let back = "SELECT count(*) FROM jobs WHERE state = 'waiting' AND attempts = 0";
    assert_eq!(store.number(back).await, 1);
}
