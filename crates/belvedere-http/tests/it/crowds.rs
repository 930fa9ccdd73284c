//! Many callers at once, honest and not.

use std::time::{Duration, Instant};

use belvedere_http::server::Limits;
use futures_util::future::join_all;

use crate::harness::{Service, Setup, Wire};

const HALVES: usize = 200;
const LIMIT: Duration = Duration::from_secs(1);

async fn start(limits: Limits) -> Service {
    let setup = Setup {
        limits,
        ..Setup::default()
    };
    setup.start().await
}

/// A service with two hundred callers that stop in the middle of a head, for which it waits this long.
async fn besieged(header_timeout: Duration) -> (Service, Vec<Wire>) {
    let limits = Limits {
        header_timeout,
        ..Limits::default()
    };
    let service = start(limits).await;
    let halves = (0..HALVES).map(|_| async {
        let mut wire = service.connect().await;
        wire.say("GET /ok HTTP/1.1\r\nhost: te").await;
        wire
    });
    let halves = join_all(halves).await;
    (service, halves)
}

#[tokio::test]
async fn two_hundred_half_heads_are_closed_at_the_limit_and_harm_no_honest_request() {
    let began = Instant::now();
    let (service, halves) = besieged(LIMIT).await;
    let closed = join_all(halves.into_iter().map(|mut half| async move {
        half.rest().await;
        began.elapsed()
    }));
    let honest = async {
        let mut wire = service.connect().await;
        let mut answered = 0;
        while service.rejected("header_timeout") < HALVES as f64 {
            assert_eq!(service.get("/ok").await.status, 200);
            assert_eq!(wire.get("/nap").await.status, 200);
            answered += 1;
        }
        answered
    };
    let (closed, answered) = tokio::join!(closed, honest);
    for at in closed {
        assert!(at >= LIMIT && at < (LIMIT * 2) * 5, "{at:?}");
    }
    assert_eq!(service.rejected("header_timeout"), HALVES as f64);
    assert!(answered > 1, "{answered} answered");
}

#[tokio::test]
async fn two_hundred_half_heads_do_not_keep_a_server_from_ending() {
    let (mut service, _halves) = besieged(Duration::from_secs(3600)).await;
    assert_eq!(service.get("/ok").await.status, 200);
    service.shutdown.drain();
    assert_eq!(service.get("/ok").await.status, 200);
    let began = Instant::now();
    service.shutdown.stop();
    assert_eq!(service.ended().await, 0);
    assert!(began.elapsed() < LIMIT * 5, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_crowd_above_the_limit_is_served_to_the_last() {
    let limits = Limits {
        max_connections: 4,
        ..Limits::default()
    };
    let service = start(limits).await;
    let answers = join_all((0..40).map(|_| service.get("/nap"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let all = service.metrics.sum("http_connections_rejected_total", &[]);
    assert_eq!(all, 0.0);
}
