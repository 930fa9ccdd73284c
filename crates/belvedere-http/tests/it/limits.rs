//! What a connection may cost.

use std::time::{Duration, Instant};

use belvedere_http::server::Limits;

use crate::harness::{Http2, Service, Setup, in_time};

const SOON: Duration = Duration::from_millis(300);
const HALF_A_HEAD: &str = "GET /ok HTTP/1.1\r\nhost: te";

/// A service that waits 300 ms for a head, and a minute between requests.
async fn impatient() -> Service {
    let limits = Limits {
        header_timeout: SOON,
        ..Limits::default()
    };
    Setup {
        limits,
        ..Setup::default()
    }
    .start()
    .await
}

/// A service that waits 300 ms between requests, and 10 s for a head.
async fn restless() -> Service {
    Setup {
        idle: SOON,
        ..Setup::default()
    }
    .start()
    .await
}

#[tokio::test]
async fn half_a_head_is_closed_at_the_limit_and_counted_but_not_logged() {
    let service = impatient().await;
    let mut wire = service.connect().await;
    let began = Instant::now();
    wire.say(HALF_A_HEAD).await;
    wire.rest().await;
    assert!(began.elapsed() >= SOON, "{:?}", began.elapsed());
    assert_eq!(service.rejected("header_timeout"), 1.0);
    assert!(service.logs.all().is_empty());
}

#[tokio::test]
async fn a_head_that_trickles_is_closed_at_the_limit() {
    let service = impatient().await;
    let mut wire = service.connect().await;
    wire.say("GET /ok HTTP/1.1\r\n").await;
    let trickle = async {
        while service.rejected("header_timeout") == 0.0 {
            // The last one may meet a closed connection.
            let _ = wire.try_say("x: y\r\n").await;
            tokio::time::sleep(SOON / 10).await;
        }
    };
    in_time("the end of the trickle", trickle).await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed_at_the_limit_of_a_head() {
    let service = impatient().await;
    service.connect().await.rest().await;
    assert_eq!(service.rejected("header_timeout"), 1.0);
}

#[tokio::test]
async fn half_an_http2_preface_is_closed_at_the_limit_of_a_head() {
    let service = impatient().await;
    let mut wire = service.connect().await;
    wire.say("PRI * HTTP/2.0\r\n").await;
    wire.rest().await;
    assert_eq!(service.rejected("header_timeout"), 1.0);
}

#[tokio::test]
async fn half_of_a_second_head_is_closed_at_the_limit_too() {
    let service = impatient().await;
    let mut wire = service.connect().await;
    assert_eq!(wire.get("/ok").await.status, 200);
    wire.say(HALF_A_HEAD).await;
    wire.rest().await;
    assert_eq!(service.rejected("header_timeout"), 1.0);
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let service = Service::start().await;
    let mut wire = service.connect().await;
    for _ in 0..3 {
        let answer = wire.get("/ok").await;
        assert_eq!((answer.status, answer.header("connection")), (200, ""));
    }
}

#[tokio::test]
async fn a_connection_may_idle_longer_than_a_head_may_take() {
    let service = impatient().await;
    let mut wire = service.connect().await;
    assert_eq!(wire.get("/ok").await.status, 200);
    tokio::time::sleep(SOON * 2).await;
    assert_eq!(wire.get("/ok").await.status, 200);
    assert_eq!(service.rejected("header_timeout"), 0.0);
}

#[tokio::test]
async fn an_http2_connection_may_idle_longer_than_a_head_may_take() {
    let service = impatient().await;
    let mut http2 = Http2::open(service.addr).await;
    tokio::time::sleep(SOON * 2).await;
    assert_eq!(http2.get("/ok").await.status, 200);
}

#[tokio::test]
async fn a_request_may_take_longer_than_a_head_and_an_idle_connection() {
    let service = Setup {
        limits: Limits {
            header_timeout: SOON / 10,
            ..Limits::default()
        },
        idle: SOON / 10,
        timeout: SOON,
        ..Setup::default()
    }
    .start()
    .await;
    assert_eq!(service.get("/hang").await.status, 503);
}

#[tokio::test]
async fn a_limit_of_zero_does_not_spin() {
    let setup = Setup {
        idle: Duration::ZERO,
        ..Setup::default()
    };
    let service = setup.start().await;
    assert_eq!(service.get("/nap").await.status, 200);
}

#[tokio::test]
async fn a_limit_past_the_end_of_the_clock_is_none() {
    let limits = Limits {
        header_timeout: Duration::MAX,
        ..Limits::default()
    };
    let setup = Setup {
        limits,
        idle: Duration::MAX,
        ..Setup::default()
    };
    let service = setup.start().await;
    assert_eq!(service.get("/ok").await.status, 200);
}

#[tokio::test]
async fn an_idle_connection_is_closed_at_its_limit_and_not_counted_as_refused() {
    let service = restless().await;
    let mut wire = service.connect().await;
    assert_eq!(wire.get("/ok").await.status, 200);
    let began = Instant::now();
    wire.rest().await;
    assert!(began.elapsed() < Limits::default().header_timeout);
    assert_eq!(service.rejected("header_timeout"), 0.0);
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed_at_its_limit() {
    let service = restless().await;
    let mut http2 = Http2::open(service.addr).await;
    assert_eq!(http2.get("/ok").await.status, 200);
    http2.closed().await;
}

#[tokio::test]
async fn no_more_connections_are_served_at_once_than_the_limit() {
    let limits = Limits {
        max_connections: 2,
        ..Limits::default()
    };
    let service = Setup {
        limits,
        ..Setup::default()
    }
    .start()
    .await;
    let (mut first, mut second) = (service.connect().await, service.connect().await);
    first.get("/ok").await;
    second.get("/ok").await;
    let mut third = service.connect().await;
    let waiting = tokio::time::timeout(SOON, third.get("/ok"));
    assert!(waiting.await.is_err(), "a third connection was served");
    drop(first);
    assert_eq!(third.answer().await.status, 200);
}
