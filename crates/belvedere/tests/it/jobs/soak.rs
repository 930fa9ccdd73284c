//! How many jobs a second, every signal on. What that costs is measured by the bench `jobs`, in release.

use std::time::Instant;

use belvedere_testing::{TestServiceBuilder, report};
use serde_json::json;

use super::helpers::Store;

const JOBS: i64 = 20_000;
/// So many in one transaction.
const AT_ONCE: usize = 100;
/// A fifth of what is promised a second, so that a busy machine does not fail it.
const STORED: f64 = 2_000.0 / 5.0;
const RUN: f64 = 1_000.0 / 5.0;

fn process(store: &Store) -> TestServiceBuilder {
    let process = store.process().keep_lines(100);
    process.variable("JOBS__CONCURRENCY", "32")
}

/// Jobs a second, one statement each.
async fn stored(store: &Store) -> f64 {
    let front = process(store).variable("JOBS__IN_SERVICE", "false");
    let front = front.start().unwrap();
    let body = json!({"text": "", "count": AT_ONCE});
    let began = Instant::now();
    for _ in 0..JOBS as usize / AT_ONCE / 4 {
        let callers = (0..4).map(|_| front.post("/errands", &body));
        for answer in futures_util::future::join_all(callers).await {
            assert_eq!(answer.status, 200);
        }
    }
    let rate = JOBS as f64 / began.elapsed().as_secs_f64();
    front.stop().unwrap();
    rate
}

/// Jobs a second, the start of the worker included.
async fn run(store: &Store) -> f64 {
    let began = Instant::now();
    let worker = process(store).argument("worker").start().unwrap();
    store.wait_for("SELECT count(*) FROM jobs", 0).await;
    let rate = JOBS as f64 / began.elapsed().as_secs_f64();
    worker.stop().unwrap();
    rate
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a minute of work"]
async fn jobs_are_stored_and_run_fast_enough() {
    let store = Store::start().await;
    let (stored, run) = (stored(&store).await, run(&store).await);
    report(format_args!(
        "{stored:.0} jobs stored a second, {run:.0} run"
    ));
    assert!(stored >= STORED && run >= RUN, "{stored:.0}, {run:.0}");
}
