use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    helpers::{connect, service},
    kept::Kept,
};

/// After it a verdict is stale as well; a silent runtime counts as wedged after 10 s.
const BLOCKED: Duration = Duration::from_secs(15);
/// Less than 10 s after the last sign of life, which may be a second old when all is blocked.
const TOO_SOON: Duration = Duration::from_secs(8);
const PAUSE: Duration = Duration::from_millis(50);

fn ask(admin: &mut Kept, path: &str) -> (u16, Value) {
    let (status, body) = admin.get(path).unwrap();
    (status, serde_json::from_str(&body).unwrap())
}

#[test]
fn the_admin_listener_tells_when_every_worker_is_blocked_for_fifteen_seconds() {
    let service = service().variable("TOKIO_WORKER_THREADS", "2");
    let service = service.start().unwrap();
    let mut admin = Kept::new(service.admin());
    let (alive, wedged) = (json!({"status": "ok"}), json!({"status": "wedged"}));
    assert_eq!(ask(&mut admin, "/health/live"), (200, alive.clone()));

    let began = Instant::now();
    let block = "GET /block/60000 HTTP/1.1\r\nhost: x\r\n\r\n";
    let _blocked = [(); 4].map(|()| connect(service.http(), block));
    while ask(&mut admin, "/health/live") == (200, alive.clone()) {
        assert!(began.elapsed() < BLOCKED, "alive after {BLOCKED:?}");
        thread::sleep(PAUSE);
    }
    let silence = began.elapsed();
    assert!(silence > TOO_SOON, "wedged after {silence:?}");

    thread::sleep(BLOCKED.saturating_sub(silence));
    assert_eq!(ask(&mut admin, "/health/live"), (503, wedged));
    let stale = json!({"status": "not_ready", "checks": {"disk": "error: stale"}});
    assert_eq!(ask(&mut admin, "/health/ready"), (503, stale));
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

#[tokio::test]
async fn a_blocked_worker_leaves_the_others_serving() {
    let service = service()
        .variable("TOKIO_WORKER_THREADS", "2")
        .start()
        .expect("the service starts");
    assert_eq!(service.get("/ok").await.status, 200);
    let block = "GET /block/600000 HTTP/1.1\r\nhost: x\r\n\r\n";
    let _blocked = connect(service.http(), block);
    service
        .metric(r#"http_requests_active{method="GET",path="/block/{millis}"} 1"#)
        .await;
    for _ in 0..3 {
        let answer = tokio::time::timeout(Duration::from_secs(10), service.get("/ok"));
        assert_eq!(answer.await.expect("another worker answers").status, 200);
    }
}
