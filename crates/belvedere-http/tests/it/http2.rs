//! HTTP/2 connections that are ended because of what came.

use std::time::Duration;

use belvedere_http::server::Limits;

use crate::harness::{Frames, Http2, Service, Setup, until};

/// More than a peer may cause.
const RESETS: u32 = 200;

/// The connection is closed, counted once for this reason, and harms no other.
async fn is_refused(service: &Service, frames: Frames, reason: &str) {
    let mut neighbour = Http2::open(service.addr).await;
    assert_eq!(neighbour.get("/ok").await.status, 200);
    let mut wire = service.connect().await;
    // It may be closed before all is said.
    let _ = wire.try_say(frames).await;
    wire.rest().await;
    until("a refusal", || service.rejected(reason) > 0.0).await;
    let all = service.metrics.sum("http_connections_rejected_total", &[]);
    assert_eq!((service.rejected(reason), all), (1.0, 1.0));
    assert_eq!(neighbour.get("/ok").await.status, 200);
}

#[tokio::test]
async fn what_follows_a_preface_and_is_no_frame_is_malformed() {
    let service = Service::start().await;
    let frames = Frames::new().raw(b"GET /ok HTTP/1.1\r\nhost: test\r\n\r\n");
    is_refused(&service, frames, "malformed").await;
}

#[tokio::test]
async fn a_preface_without_settings_is_malformed() {
    let service = Service::start().await;
    let frames = Frames::default().raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff garbage");
    is_refused(&service, frames, "malformed").await;
}

#[tokio::test]
async fn data_for_a_stream_that_was_never_opened_is_malformed() {
    let service = Service::start().await;
    is_refused(&service, Frames::new().stray_data(), "malformed").await;
}

#[tokio::test]
async fn a_rapid_reset_is_a_flood_and_its_requests_never_begin() {
    let service = Service::start().await;
    let streams = (0..RESETS).map(|at| at * 2 + 1);
    let frames = streams.fold(Frames::new(), |frames, stream| {
        frames.get(stream, "/panic").reset(stream)
    });
    is_refused(&service, frames, "http2_flood").await;
    assert!(service.logs.exceptions().is_empty());
}

#[tokio::test]
async fn a_head_that_goes_on_and_on_is_a_flood() {
    let service = Service::start().await;
    let frames = Frames::new().long_head(1, 40, 8000);
    is_refused(&service, frames, "http2_flood").await;
}

#[tokio::test]
async fn a_head_over_our_own_limit_is_answered_with_a_problem_in_http2_too() {
    let service = Service::start().await;
    let mut http2 = Http2::open(service.addr).await;
    let mut request = crate::harness::request("GET", "/ok");
    let value = "y".repeat(33_000).parse().unwrap();
    request.headers_mut().insert("x", value);
    let answer = http2.call(request).await;
    assert_eq!(answer.status, 431);
    assert_eq!(answer.json()["error"], "request_header_fields_too_large");
}

#[tokio::test]
async fn a_peer_that_says_goodbye_is_not_refused() {
    let service = Service::start().await;
    let mut http2 = Http2::open(service.addr).await;
    assert_eq!(http2.get("/ok").await.status, 200);
    drop(http2);
    let mut wire = service.connect().await;
    let mut frames = Frames::new().get(1, "/ok");
    // GOAWAY with an error of the peer's own: INTERNAL_ERROR.
    frames = frames.raw(b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x02");
    wire.say(frames).await;
    wire.rest().await;
    service.counted(2).await;
    let all = service.metrics.sum("http_connections_rejected_total", &[]);
    assert_eq!(all, 0.0);
}

#[tokio::test]
async fn pings_do_not_keep_an_idle_connection_open() {
    let setup = Setup {
        idle: Duration::from_millis(300),
        limits: Limits::default(),
        ..Setup::default()
    };
    let service = setup.start().await;
    let mut wire = service.connect().await;
    wire.say(Frames::new().get(1, "/ok")).await;
    let pinging = async {
        while wire.try_say(Frames::default().ping()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    crate::harness::in_time("the end of the pings", pinging).await;
}
