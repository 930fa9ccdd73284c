use std::time::{Duration, Instant};

use crate::helpers::{connect, read_until, service};

#[tokio::test]
async fn what_does_not_end_is_cut_at_the_timeout_and_told() {
    let service = service()
        .variable("SHUTDOWN__TIMEOUT_SECONDS", "3")
        .variable("HTTP__TIMEOUT_SECONDS", "60")
        .start()
        .unwrap();
    let _half = connect(service.http(), "GET /ok HTTP/1.1\r\nhost: x\r\n");
    let mut events = connect(service.http(), "GET /events HTTP/1.1\r\nhost: x\r\n\r\n");
    read_until(&mut events, "first");
    let _slow = connect(
        service.http(),
        "GET /sleep/60000 HTTP/1.1\r\nhost: x\r\n\r\n",
    );
    service
        .metric(r#"http_requests_active{method="GET",path="/sleep/{millis}"} 1"#)
        .await;
    let began = Instant::now();
    let (status, lines) = service.stop().unwrap();
    let took = began.elapsed();
    assert_eq!(status.code(), Some(1));
    assert!(
        took >= Duration::from_secs(3) && took < Duration::from_secs(20),
        "{took:?}"
    );
    let abandoned = lines
        .iter()
        .find(|line| line["message"] == "requests_abandoned")
        .unwrap();
    assert_eq!(
        abandoned["abandoned"], 2,
        "the half head ends with the listener: {abandoned}"
    );
    let cut = lines
        .iter()
        .filter(|line| line["message"] == "request_completed" && line["outcome"] == "shutdown");
    assert_eq!(cut.count(), 2, "{lines:#?}");
}

#[tokio::test]
async fn a_request_in_flight_is_answered_before_the_end() {
    let service = service().start().unwrap();
    let mut slow = connect(service.http(), "GET /sleep/500 HTTP/1.1\r\nhost: x\r\n\r\n");
    service
        .metric(r#"http_requests_active{method="GET",path="/sleep/{millis}"} 1"#)
        .await;
    let stopping = std::thread::spawn(move || service.stop().unwrap());
    assert!(read_until(&mut slow, "slept").starts_with("HTTP/1.1 200"));
    let (status, lines) = stopping.join().unwrap();
    assert!(status.success());
    assert_eq!(lines.last().unwrap()["abandoned_connections"], 0);
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let service = service()
        .variable("SHUTDOWN__DRAIN_SECONDS", "60")
        .start()
        .unwrap();
    service.terminate().unwrap();
    service
        .line(|line| line["message"] == "application_draining")
        .await;
    let began = Instant::now();
    let (status, _) = service.stop().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_panic_is_told_once_and_costs_one_request() {
    let service = service().start().unwrap();
    let answer = service.get("/panic").await;
    assert_eq!(
        (answer.status, answer.json()["error"].as_str()),
        (500, Some("internal_server_error"))
    );
    assert!(!answer.json().to_string().contains("as asked"));
    assert_eq!(
        service.completed(&answer.request_id()).await["outcome"],
        "panic"
    );
    let told = service
        .lines()
        .into_iter()
        .filter(|line| line["message"] == "unhandled_exception")
        .collect::<Vec<_>>();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["exc_message"], &told[0]["request_id"]),
        (&"as asked".into(), &answer.request_id().into())
    );
    assert_eq!(service.get("/ok").await.status, 200);
}
