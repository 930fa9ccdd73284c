//! The end of a server.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use axum::routing::get;
use belvedere_core::Shutdown;
use belvedere_http::server::Limits;
use tokio::{net::TcpStream, sync::oneshot};

use crate::harness::{Http2, Service, Setup, routes};

const NAP: &str = "GET /nap HTTP/1.1\r\nhost: test\r\n\r\n";

#[tokio::test]
async fn a_draining_server_answers_and_tells_http1_callers_to_close() {
    let service = Service::start().await;
    let mut wire = service.connect().await;
    assert_eq!(wire.get("/ok").await.header("connection"), "");
    service.shutdown.drain();
    let answer = wire.get("/ok").await;
    assert_eq!((answer.status, answer.header("connection")), (200, "close"));
    wire.rest().await;
    assert_eq!(service.get("/ok").await.header("connection"), "close");
}

#[tokio::test]
async fn a_draining_server_is_not_ready() {
    let service = Service::start().await;
    service.health.mark_started();
    assert_eq!(service.get("/health/ready").await.status, 200);
    service.shutdown.drain();
    let answer = service.get("/health/ready").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["status"], "not_ready");
    assert_eq!(service.get("/health/live").await.status, 200);
}

#[tokio::test]
async fn a_draining_server_sends_http2_callers_away_and_takes_new_ones() {
    let service = Service::start().await;
    let mut http2 = Http2::open(service.addr).await;
    assert_eq!(http2.get("/ok").await.status, 200);
    service.shutdown.drain();
    http2.closed().await;
    let mut another = Http2::open(service.addr).await;
    assert_eq!(another.get("/ok").await.status, 200);
}

#[tokio::test]
async fn a_draining_server_finishes_what_http2_callers_have_begun() {
    let service = Service::start().await;
    let mut http2 = Http2::open(service.addr).await;
    let shutdown = async {
        service.running(1).await;
        service.shutdown.drain();
        service.shutdown.stop();
    };
    let (answer, ()) = tokio::join!(http2.get("/nap"), shutdown);
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_stopping_server_finishes_what_it_has_begun_and_takes_nothing_new() {
    let mut service = Service::start().await;
    let mut wire = service.connect().await;
    wire.say(NAP).await;
    service.running(1).await;
    service.shutdown.stop();
    let answer = wire.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (200, "close"));
    assert_eq!(service.ended().await, 0);
    assert!(TcpStream::connect(service.addr).await.is_err());
    assert_eq!(service.logs.completed()[0].field("outcome"), "ok");
}

#[tokio::test]
async fn an_idle_connection_does_not_keep_a_server_from_ending() {
    let mut service = Service::start().await;
    let mut wire = service.connect().await;
    wire.get("/ok").await;
    service.shutdown.stop();
    assert_eq!(service.ended().await, 0);
    wire.rest().await;
}

#[tokio::test]
async fn an_idle_http2_connection_does_not_keep_a_server_from_ending() {
    let mut service = Service::start().await;
    let mut http2 = Http2::open(service.addr).await;
    http2.get("/ok").await;
    service.shutdown.stop();
    assert_eq!(service.ended().await, 0);
}

#[tokio::test]
async fn a_connection_that_has_said_nothing_does_not_keep_a_server_from_ending() {
    let mut service = Service::start().await;
    let _wire = service.connect().await;
    service.get("/ok").await;
    service.shutdown.stop();
    assert_eq!(service.ended().await, 0);
}

#[tokio::test]
async fn half_a_head_does_not_keep_a_server_from_ending() {
    let limits = Limits {
        header_timeout: Duration::from_secs(3600),
        ..Limits::default()
    };
    let mut service = Setup {
        limits,
        ..Setup::default()
    }
    .start()
    .await;
    let mut wires = [service.connect().await, service.connect().await];
    wires[0].say("GET /ok HTT").await;
    wires[1].get("/ok").await;
    wires[1].say("GET /ok HTT").await;
    service.get("/ok").await;
    service.shutdown.stop();
    assert_eq!(service.ended().await, 0);
}

#[tokio::test]
async fn a_head_that_is_half_there_when_the_server_stops_may_still_be_finished() {
    let mut service = Service::start().await;
    let mut wire = service.connect().await;
    let (begin, end) = NAP.split_at(20);
    wire.say(begin).await;
    service.get("/ok").await;
    service.shutdown.stop();
    wire.say(end).await;
    assert_eq!(wire.answer().await.status, 200);
    assert_eq!(service.ended().await, 0);
}

#[tokio::test]
async fn an_abort_cuts_what_never_ends_and_tells_how_many_connections_that_were() {
    let mut service = Service::start().await;
    let (mut stream, mut handler) = (service.connect().await, service.connect().await);
    stream
        .say("GET /endless HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    handler
        .say("GET /hang HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    let mut http2 = Http2::open(service.addr).await;
    let aborted = async {
        service.running(4).await;
        service.shutdown.stop();
        service.shutdown.abort();
    };
    tokio::join!(http2.send(&["/endless", "/hang"]), aborted);
    assert_eq!(service.ended().await, 3);
    for event in service.logs.completed() {
        assert_eq!(event.field("outcome"), "shutdown");
        assert_eq!(event.field("status_code"), "503");
    }
    let cut = service
        .metrics
        .sum("http_requests_total", &[("status", "503")]);
    assert_eq!((cut, service.active()), (4.0, 0.0));
}

/// A handler that blocks its thread, not its task: it tells when it does, and goes on when the other end is dropped.
fn blocking() -> (
    axum::routing::MethodRouter,
    oneshot::Receiver<()>,
    mpsc::Sender<()>,
) {
    let (blocks, is_blocking) = oneshot::channel();
    let (release, released) = mpsc::channel::<()>();
    let ends = Arc::new(Mutex::new((Some(blocks), released)));
    let handler = get(|| async move {
        let mut ends = ends.lock().unwrap();
        let _ = ends.0.take().unwrap().send(());
        let _ = ends.1.recv();
    });
    (handler, is_blocking, release)
}

/// A connection that is woken for a step it knows of already must not miss the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_connection_hears_of_every_step() {
    let mut service = Service::start().await;
    let mut wires = Vec::new();
    for _ in 0..100 {
        let mut wire = service.connect().await;
        wire.say("GET /hang HTTP/1.1\r\nhost: test\r\n\r\n").await;
        wires.push(wire);
    }
    service.running(100).await;
    for step in [Shutdown::drain, Shutdown::stop, Shutdown::abort] {
        step(&service.shutdown);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(service.ended().await, 100);
    assert_eq!(service.logs.completed().len(), 100);
}

// Two threads: one is blocked, and may have been the one that watched the clock. The test must wait without a clock until the
// server's end has woken the other, and release the first, or the runtime would wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_leaves_a_handler_behind_that_blocks_its_thread_and_counts_it() {
    let (handler, is_blocking, release) = blocking();
    let setup = Setup {
        routes: routes().route("/block", handler),
        ..Setup::default()
    };
    let mut service = setup.start().await;
    let mut wire = service.connect().await;
    wire.say("GET /block HTTP/1.1\r\nhost: test\r\n\r\n").await;
    is_blocking.await.unwrap();
    let began = Instant::now();
    service.shutdown.stop();
    service.shutdown.abort();
    assert_eq!(service.ended().await, 1);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert!(service.logs.completed().is_empty());
    drop(release);
}
