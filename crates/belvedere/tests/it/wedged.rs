use std::time::Duration;

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
