//! How many jobs a second, and what it costs that they are seen.
//!
//! By hand: `cargo build --release --example errands --features jobs,postgres`, then
//! `ERRANDS=target/release/examples/errands cargo test --test it --all-features -- --ignored --nocapture jobs::soak`.

use std::time::Instant;

use belvedere_testing::{TestService, TestServiceBuilder};
use serde_json::json;

use super::helpers::Store;

const ROUNDS: usize = 3;
const JOBS: i64 = 20_000;
/// So many in one transaction.
const AT_ONCE: usize = 100;
/// Without lines of runs, spans and metrics: the same loop, unseen.
const UNSEEN: [(&str, &str); 3] = [
    ("RUST_LOG", "info,belvedere_jobs=off"),
    ("OTEL_SDK_DISABLED", "true"),
    ("PROMETHEUS__IS_ENABLED", "false"),
];

fn process(store: &Store, is_seen: bool) -> TestServiceBuilder {
    let process = store.process();
    let process = process.variable("JOBS__CONCURRENCY", "32").keep_lines(100);
    let unseen = UNSEEN.into_iter().filter(|_| !is_seen);
    unseen.fold(process, |process, (name, value)| {
        process.variable(name, value)
    })
}

/// Jobs a second, one statement each.
async fn enqueued(store: &Store, is_seen: bool) -> f64 {
    let front = process(store, is_seen).variable("JOBS__IN_SERVICE", "false");
    let front = front.start().unwrap();
    let body = json!({"text": "", "count": AT_ONCE});
    let began = Instant::now();
    for _ in 0..JOBS as usize / AT_ONCE / 4 {
        let callers = (0..4).map(|_| front.post("/errands", &body));
        for answer in futures_util::future::join_all(callers).await {
            assert_eq!(answer.status, 200);
        }
    }
    JOBS as f64 / began.elapsed().as_secs_f64()
}

/// Jobs a second, the start of the worker included.
async fn processed(store: &Store, is_seen: bool) -> f64 {
    let began = Instant::now();
    let worker: TestService = process(store, is_seen).argument("worker").start().unwrap();
    store.wait_for("SELECT count(*) FROM jobs", 0).await;
    let rate = JOBS as f64 / began.elapsed().as_secs_f64();
    worker.stop().unwrap();
    rate
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "figures, by hand"]
async fn jobs_are_fast_enough_and_their_being_seen_costs_little() {
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let store = Store::start().await;
        let mut rates = Vec::new();
        for is_seen in [false, true] {
            let enqueued = enqueued(&store, is_seen).await;
            let processed = processed(&store, is_seen).await;
            println!(
                "round {round}, seen: {is_seen}: {enqueued:.0}/s enqueued, {processed:.0}/s processed"
            );
            rates.push(processed);
        }
        ratios.push(rates[0] / rates[1]);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "seen takes {:.2} times as long (median)",
        ratios[ROUNDS / 2]
    );
}
