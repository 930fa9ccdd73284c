//! Callers that do not take what they asked for.

use std::time::{Duration, Instant};

use axum::{Router, routing::get};
use belvedere_http::server::Limits;

use crate::harness::{Frames, Http2, Service, Setup, Wire, routes, until};

const SOON: Duration = Duration::from_millis(300);
/// For callers that have to move in time, on a machine that may be busy.
const LATER: Duration = Duration::from_secs(1);
const FLOOD: &str = "GET /flood HTTP/1.1\r\nhost: test\r\n\r\n";
/// More than any socket holds.
const LARGE: usize = 64 * 1024 * 1024;

/// A service that waits 300 ms for a caller to take something.
async fn impatient() -> Service {
    start(Limits {
        write_timeout: SOON,
        ..Limits::default()
    })
    .await
}

/// One that waits a second.
async fn less_impatient() -> Service {
    start(Limits {
        write_timeout: LATER,
        ..Limits::default()
    })
    .await
}

async fn start(limits: Limits) -> Service {
    let large = Router::new().route("/large", get(|| async { vec![b'x'; LARGE] }));
    Setup {
        limits,
        routes: routes().merge(large),
        ..Setup::default()
    }
    .start()
    .await
}

/// The one request was cut because its caller took nothing.
async fn is_cut(service: Service) {
    let began = Instant::now();
    until("a record", || !service.logs.completed().is_empty()).await;
    assert!(began.elapsed() >= SOON / 2, "{:?}", began.elapsed());
    assert_eq!(service.logs.named("write_timeout").len(), 1);
    assert_eq!(service.rejected("header_timeout"), 0.0);
    let record = service.sole_record().await;
    assert_eq!(record.summary(), ("client_abort", 499, 0));
}

#[tokio::test]
async fn a_caller_that_never_reads_is_cut_at_the_limit_and_is_an_abort() {
    let service = impatient().await;
    let mut wire = service.connect().await;
    wire.say(FLOOD).await;
    is_cut(service).await;
}

#[tokio::test]
async fn an_http2_caller_that_never_reads_is_cut_at_the_limit_and_is_an_abort() {
    let service = impatient().await;
    let mut wire = service.connect().await;
    let frames = Frames::with_window(i32::MAX as u32).open(0, 1 << 30);
    wire.say(frames.get(1, "/flood")).await;
    is_cut(service).await;
}

#[tokio::test]
async fn an_http2_caller_that_never_opens_its_window_is_cut_at_the_limit_and_is_an_abort() {
    let service = impatient().await;
    let mut wire = service.connect().await;
    wire.say(Frames::with_window(0).get(1, "/flood")).await;
    is_cut(service).await;
}

#[tokio::test]
async fn a_caller_that_never_reads_gives_its_place_to_the_next() {
    let service = start(Limits {
        write_timeout: SOON,
        max_connections: 1,
        ..Limits::default()
    })
    .await;
    let mut wire = service.connect().await;
    wire.say("GET /large HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert_eq!(service.get("/ok").await.status, 200);
}

#[tokio::test]
async fn a_slow_reader_is_not_cut() {
    let service = less_impatient().await;
    let mut wire = Wire::open_narrow(service.addr).await;
    wire.say(FLOOD).await;
    let began = Instant::now();
    while began.elapsed() < LATER * 4 {
        assert!(wire.sip(2048).await, "cut after {:?}", began.elapsed());
        tokio::time::sleep(LATER / 60).await;
    }
    assert!(service.logs.named("write_timeout").is_empty());
}

#[tokio::test]
async fn a_slow_http2_window_is_not_cut() {
    let service = less_impatient().await;
    let mut wire = service.connect().await;
    wire.say(Frames::with_window(0).get(1, "/flood")).await;
    let began = Instant::now();
    while began.elapsed() < LATER * 4 {
        wire.say(Frames::default().open(0, 1024).open(1, 1024))
            .await;
        assert!(wire.sip(1024).await, "cut after {:?}", began.elapsed());
        tokio::time::sleep(LATER / 60).await;
    }
}

#[tokio::test]
async fn a_stream_with_nothing_to_say_is_not_cut() {
    let service = impatient().await;
    let (mut wire, mut http2) = (service.connect().await, Http2::open(service.addr).await);
    wire.say("GET /endless HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    let quiet = async {
        service.running(2).await;
        tokio::time::sleep(SOON * 4).await;
    };
    http2.give_up(&["/endless"], quiet).await;
    wire.hear("begin").await;
    assert!(service.logs.named("write_timeout").is_empty());
}

#[tokio::test]
async fn a_shut_window_beside_a_handler_at_work_is_left_alone() {
    let service = impatient().await;
    let mut wire = service.connect().await;
    let frames = Frames::with_window(0).get(1, "/flood").get(3, "/hang");
    wire.say(frames).await;
    service.running(2).await;
    tokio::time::sleep(SOON * 4).await;
    assert_eq!(service.active(), 2.0);
}
