use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use belvedere_testing::TestService;

use crate::helpers::{connect, read_until, service};

const CALLERS: usize = 8;

/// A balancer's view: it asks for readiness often and sends nothing more once that has turned.
#[derive(Default)]
struct Balancer {
    is_away: AtomicBool,
    answered: AtomicUsize,
    lost: AtomicUsize,
}

impl Balancer {
    async fn watch(&self, service: &TestService) {
        let client = reqwest::Client::new();
        let ready = format!("http://{}/health/ready", service.http());
        while client
            .get(&ready)
            .send()
            .await
            .is_ok_and(|answer| answer.status() == 200)
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.is_away.store(true, Ordering::Relaxed);
    }

    async fn call(&self, service: &TestService) {
        let client = reqwest::Client::new();
        let url = format!("http://{}/sleep/1", service.http());
        while !self.is_away.load(Ordering::Relaxed) {
            let answered = client
                .get(&url)
                .send()
                .await
                .is_ok_and(|answer| answer.status() == 200);
            let count = if answered { &self.answered } else { &self.lost };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_loses_no_request_of_a_balancer_that_looks_away() {
    let service = service()
        .variable("SHUTDOWN__DRAIN_SECONDS", "1")
        .start()
        .unwrap();
    let balancer = Balancer::default();
    let calls = futures_util::future::join_all((0..CALLERS).map(|_| balancer.call(&service)));
    let end = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        service.terminate().unwrap();
    };
    tokio::join!(calls, balancer.watch(&service), end);
    let answered = balancer.answered.load(Ordering::Relaxed);
    assert!(answered > 100, "only {answered} answered");
    assert_eq!(balancer.lost.load(Ordering::Relaxed), 0, "of {answered}");
    let (status, lines) = service.ended().unwrap();
    assert!(status.success());
    let completed = lines
        .iter()
        .filter(|line| line["route"] == "/sleep/{millis}" && line["outcome"] == "ok");
    assert_eq!(completed.count(), answered);
}

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
    assert_eq!(cut.count(), 2);
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
