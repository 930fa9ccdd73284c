//! A server that crashes under a service that writes.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use belvedere_testing::{TestService, ThrowAwayPostgres, report};
use futures_util::future::join_all;
use serde_json::Value;

use super::queries;

const WRITERS: usize = 4;
/// How long after its return the database has to be written to again.
const BACK_WITHIN: Duration = Duration::from_secs(5);

async fn write(service: &TestService) -> u16 {
    service
        .anonymous()
        .post("/visits", &Value::Null)
        .await
        .status
}

async fn write_until(service: &TestService, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        let status = write(service).await;
        assert!([200, 503].contains(&status), "{status}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn back_after(service: &TestService) -> Duration {
    let began = Instant::now();
    while write(service).await != 200 {
        assert!(began.elapsed() < BACK_WITHIN, "nothing is written");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}

async fn survive(times: usize) {
    let postgres = ThrowAwayPostgres::server().unwrap();
    let service = queries()
        .variable("DATABASE_URL", postgres.url())
        .start()
        .unwrap();
    let is_over = AtomicBool::new(false);
    let crash = async {
        let mut longest = Duration::ZERO;
        for _ in 0..times {
            tokio::task::block_in_place(|| postgres.restart()).unwrap();
            longest = longest.max(back_after(&service).await);
        }
        is_over.store(true, Ordering::Relaxed);
        longest
    };
    let writers = join_all((0..WRITERS).map(|_| write_until(&service, &is_over)));
    let (longest, _) = tokio::join!(crash, writers);
    report(format_args!(
        "{times} crashes: back after {longest:?} at most"
    ));
    // The same process: it stops as one that was never in trouble.
    let (status, lines) = service.stop().unwrap();
    assert!(status.success(), "{status}");
    let starts = lines
        .iter()
        .filter(|line| line["message"] == "application_started");
    assert_eq!(starts.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_writes_again_soon_after_its_database_has_crashed() {
    survive(3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "soak: make soak"]
async fn a_service_survives_twenty_crashes_of_its_database() {
    survive(20).await;
}
