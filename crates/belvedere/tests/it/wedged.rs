use std::time::{Duration, Instant};

use crate::helpers::{connect, service};

/// More than the 10 s after which a silent runtime counts as wedged.
const BLOCKED_MILLIS: u64 = 14_000;

#[tokio::test]
async fn the_admin_listener_tells_when_every_worker_is_blocked() {
    let service = service()
        .variable("TOKIO_WORKER_THREADS", "2")
        .start()
        .unwrap();
    let client = reqwest::Client::new();
    let live = format!("http://{}/health/live", service.admin());
    assert_eq!(client.get(&live).send().await.unwrap().status(), 200);
    let block = format!("GET /block/{BLOCKED_MILLIS} HTTP/1.1\r\nhost: x\r\n\r\n");
    let _blocked: Vec<_> = (0..4).map(|_| connect(service.http(), &block)).collect();
    tokio::time::sleep(Duration::from_millis(11_500)).await;
    let answer = client.get(&live).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.text().await.unwrap(), r#"{"status":"wedged"}"#);
}

/// A worker, or all of them, that will not come back while the process is asked to end.
async fn ends_although_blocked(callers: usize) {
    let service = service()
        .variable("TOKIO_WORKER_THREADS", "2")
        .variable("SHUTDOWN__DRAIN_SECONDS", "0.2")
        .variable("SHUTDOWN__TIMEOUT_SECONDS", "1")
        .start()
        .expect("the service starts");
    let block = "GET /block/600000 HTTP/1.1\r\nhost: x\r\n\r\n";
    let _blocked: Vec<_> = (0..callers)
        .map(|_| connect(service.http(), block))
        .collect();
    service
        .metric(r#"http_requests_active{method="GET",path="/block/{millis}"}"#)
        .await;
    let began = Instant::now();
    let (status, lines) = service.stop().expect("it takes a signal");
    assert_eq!(status.code(), Some(1));
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    let last = lines.last().expect("it tells how it ended");
    assert_eq!(last["message"], "application_stopped");
    assert_eq!(last["abandoned_connections"], 1);
}

#[tokio::test]
async fn a_blocked_worker_does_not_keep_the_process_from_ending() {
    ends_although_blocked(1).await;
}

#[tokio::test]
async fn a_process_ends_in_time_when_every_worker_is_blocked() {
    ends_although_blocked(4).await;
}
