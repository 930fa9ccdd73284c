//! Probes of a service whose database hangs, or is gone.

use std::{
    thread,
    time::{Duration, Instant},
};

use belvedere_testing::{Quantiles, TcpProxy, TestService, ThrowAwayPostgres, report};
use serde_json::{Value, json};

use crate::{helpers::example, kept::Kept};

/// A check that gets no answer takes 1 s, and the pause after it 4.5 s at least.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(5);
/// Five times what is wanted of half of the probes: the machine may be busy.
const LONGEST_PROBE: Duration = Duration::from_millis(25);
/// Between two probes.
const PAUSE: Duration = Duration::from_millis(20);
/// Longest wait for readiness to turn: an interval, a time limit, and a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A service, and the way to its database.
struct Stored {
    proxy: TcpProxy,
    service: TestService,
}

impl Stored {
    fn start() -> Self {
        let postgres = ThrowAwayPostgres::start().unwrap();
        let proxy = TcpProxy::before(postgres.url()).unwrap();
        let service = TestService::builder(&example("stored"))
            .postgres(postgres)
            .variable("DATABASE_URL", proxy.url())
            .start()
            .unwrap();
        Self { proxy, service }
    }

    /// Waits until readiness says this of the database.
    fn wait_for(&self, status: u16, verdict: &str) {
        let mut kept = Kept::new(self.service.http());
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (told, body) = kept.get("/health/ready").unwrap();
            if (told, verdict_in(&body).as_str()) == (status, verdict) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{verdict} did not come: {told} {body}"
            );
            thread::sleep(PAUSE);
        }
    }

    /// Probes for that long: every answer has to be this; how long each took.
    fn probe(&self, path: &str, wanted: &(u16, Value), window: Duration) -> Quantiles {
        let mut kept = [self.service.http(), self.service.admin()].map(Kept::new);
        let deadline = Instant::now() + window;
        let mut took = Vec::new();
        while Instant::now() < deadline {
            for kept in &mut kept {
                let began = Instant::now();
                let (status, body) = kept.get(path).unwrap();
                took.push(began.elapsed());
                let body: Value = serde_json::from_str(&body).unwrap();
                assert_eq!(&(status, body), wanted);
            }
            thread::sleep(PAUSE);
        }
        took.into_iter().collect()
    }
}

fn verdict_in(ready: &str) -> String {
    let ready: Value = serde_json::from_str(ready).unwrap();
    ready["checks"]["database"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn not_ready(verdict: &str) -> (u16, Value) {
    let body = json!({"status": "not_ready", "checks": {"database": verdict}});
    (503, body)
}

fn alive() -> (u16, Value) {
    (200, json!({"status": "ok"}))
}

fn hang_for(window: Duration) {
    let stored = Stored::start();
    stored.wait_for(200, "ok");
    stored.proxy.stall();
    stored.wait_for(503, "error: timeout");

    let before = stored.proxy.messages();
    let (ready, live) = thread::scope(|scope| {
        let ready =
            scope.spawn(|| stored.probe("/health/ready", &not_ready("error: timeout"), window));
        let live = stored.probe("/health/live", &alive(), window);
        (ready.join().unwrap(), live)
    });
    let asked = stored.proxy.messages() - before;

    report(format_args!(
        "{asked} messages to the database in {window:?}"
    ));
    report(format_args!("/health/ready: {ready}"));
    report(format_args!("/health/live: {live}"));
    let most = window.as_secs_f64() / SHORTEST_INTERVAL.as_secs_f64() + 1.0;
    assert!(asked >= 1, "nobody asked");
    assert!(asked as f64 <= most, "{asked} messages in {window:?}");
    assert!(ready.at(0.5) < LONGEST_PROBE, "{ready}");
    assert!(live.at(0.5) < LONGEST_PROBE, "{live}");

    stored.proxy.resume();
    stored.wait_for(200, "ok");
}

#[test]
fn a_hung_database_turns_readiness_and_is_asked_no_more_than_every_five_seconds() {
    hang_for(Duration::from_secs(7));
}

#[test]
#[ignore = "soak: make soak"]
fn a_database_that_hangs_for_a_minute_is_asked_no_more_than_every_five_seconds() {
    hang_for(Duration::from_secs(60));
}

#[tokio::test]
async fn a_database_that_is_gone_turns_readiness_is_told_once_and_leaves_liveness_alone() {
    let stored = Stored::start();
    stored.proxy.refuse();
    stored.wait_for(503, "error: unavailable");
    stored.probe("/health/live", &alive(), Duration::from_secs(1));
    let service = &stored.service;
    service
        .metric("dependency_up{dependency=\"database\"} 0\n")
        .await;
    service.metric("service_ready 0\n").await;
    let told = service.lines().into_iter();
    let told: Vec<_> = told
        .filter(|line| line["message"] == "health_check_changed")
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["verdict"], "error: unavailable");
}
