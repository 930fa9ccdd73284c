//! How many jobs a second, and what it costs that they are seen.
//!
//! By hand: `cargo build --release --example errands --features jobs,postgres`, then
//! `ERRANDS=target/release/examples/errands cargo test --test it --all-features -- --ignored --nocapture jobs::soak`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use axum::{Router, body::Bytes, routing::post};
use belvedere_testing::{TestService, TestServiceBuilder};
use serde_json::json;
use tokio::net::TcpListener;

use super::helpers::Store;

const ROUNDS: usize = 5;
const JOBS: i64 = 20_000;
/// So many in one transaction.
const AT_ONCE: usize = 100;
/// A fifth of what is promised a second, so that a busy machine does not fail it.
const ENQUEUED: f64 = 2_000.0 / 5.0;
const PROCESSED: f64 = 1_000.0 / 5.0;
/// Without lines of runs, spans and metrics: the same loop, unseen.
const UNSEEN: [(&str, &str); 3] = [
    ("RUST_LOG", "info,belvedere_jobs=off"),
    ("OTEL_SDK_DISABLED", "true"),
    ("PROMETHEUS__IS_ENABLED", "false"),
];

/// Takes spans and forgets them. One that reads them would work on these two cores too, as long for a span as the service for the
/// whole job.
struct Forgetful {
    endpoint: String,
    bytes: Arc<AtomicUsize>,
}

impl Forgetful {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let bytes = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&bytes);
        let take = move |spans: Bytes| {
            counter.fetch_add(spans.len(), Ordering::Relaxed);
            async {}
        };
        let router = Router::new().route("/v1/traces", post(take));
        let router = router.layer(axum::extract::DefaultBodyLimit::disable());
        belvedere::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { endpoint, bytes }
    }
}

/// A way to do the loop.
struct Loop {
    store: Store,
    spans: Option<Forgetful>,
}

impl Loop {
    fn process(&self) -> TestServiceBuilder {
        let process = self.store.process().keep_lines(100);
        let process = process.variable("JOBS__CONCURRENCY", "32");
        match &self.spans {
            Some(spans) => process
                .variable("OTEL_EXPORTER_OTLP_ENDPOINT", &spans.endpoint)
                .variable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            None => UNSEEN.into_iter().fold(process, |process, (name, value)| {
                process.variable(name, value)
            }),
        }
    }

    /// Jobs a second, one statement each.
    async fn enqueued(&self) -> f64 {
        let front = self.process().variable("JOBS__IN_SERVICE", "false");
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
    async fn processed(&self) -> f64 {
        let began = Instant::now();
        let worker: TestService = self.process().argument("worker").start().unwrap();
        self.store.wait_for("SELECT count(*) FROM jobs", 0).await;
        let rate = JOBS as f64 / began.elapsed().as_secs_f64();
        worker.stop().unwrap();
        rate
    }

    async fn round(&self) -> [f64; 2] {
        let rates = [self.enqueued().await, self.processed().await];
        assert!(rates[0] >= ENQUEUED && rates[1] >= PROCESSED, "{rates:?}");
        rates
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "figures, by hand"]
async fn jobs_are_fast_enough_and_their_being_seen_costs_little() {
    let seen = Loop {
        store: Store::start().await,
        spans: Some(Forgetful::start().await),
    };
    let unseen = Loop {
        store: Store::start().await,
        spans: None,
    };
    let mut ratios = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let (unseen, seen) = (unseen.round().await, seen.round().await);
        println!("enqueued/s, processed/s: {unseen:.0?} unseen, {seen:.0?} seen");
        for (of, ratios) in ratios.iter_mut().enumerate() {
            ratios.push(unseen[of] / seen[of]);
        }
    }
    let spans = seen.spans.unwrap().bytes.load(Ordering::Relaxed);
    assert!(
        spans > ROUNDS * JOBS as usize * 500,
        "{spans} bytes of spans"
    );
    for (what, mut ratios) in ["storing", "running"].into_iter().zip(ratios) {
        ratios.sort_by(f64::total_cmp);
        let median = ratios[ROUNDS / 2];
        println!("{what} takes {median:.2} times as long (median)");
    }
}
