use std::time::{Duration, Instant};

use axum::{Router, body::Bytes, routing::post};
use belvedere_http::{HttpConfig, limits::BodyLimit};
use futures_util::StreamExt;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use super::{taken, told};
use crate::harness::{Answer, Http2, Service, Setup, Wire, http, in_time, routes, seconds};

const SOON: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(60);

/// A service that waits this long for a body, and that long for a handler.
async fn service(body: Duration, handler: Duration) -> Service {
    let http = HttpConfig {
        body_timeout_seconds: seconds(body),
        ..http()
    };
    let patient = BodyLimit::new().time(LONG);
    let setup = Setup {
        routes: routes()
            .route("/patient", post(length).layer(patient))
            .route("/hang-after", post(hang_after)),
        timeout: handler,
        http,
        ..Setup::default()
    };
    setup.start().await
}

async fn length(body: Bytes) -> String {
    body.len().to_string()
}

async fn hang_after(_: Bytes) {
    std::future::pending::<()>().await;
}

/// A request of which two bytes are to come yet.
async fn begin(service: &Service, path: &str) -> Wire {
    let mut wire = service.connect().await;
    wire.say(format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n"
    ))
    .await;
    wire
}

fn too_slow() -> (u16, String) {
    (408, "request_body_timeout".to_owned())
}

#[tokio::test]
async fn a_body_that_does_not_come_is_waited_for_no_longer_than_the_limit() {
    let service = service(SOON, LONG).await;
    let began = Instant::now();
    let answer = begin(&service, "/upload").await.answer().await;
    assert!(began.elapsed() >= SOON, "{:?}", began.elapsed());
    assert_eq!(told(&answer), too_slow());
    assert_eq!(service.sole_record().await.summary(), ("ok", 408, 0));
}

#[tokio::test]
async fn json_that_does_not_come_is_told_as_slow_and_not_as_broken() {
    let service = service(SOON, LONG).await;
    let answer = begin(&service, "/json").await.answer().await;
    assert_eq!(told(&answer), too_slow());
}

#[tokio::test]
async fn a_body_that_trickles_is_cut_at_the_limit() {
    let service = service(SOON, LONG).await;
    let mut wire = service.connect().await;
    wire.say("POST /upload HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    let trickle = async {
        while service.active() > 0.0 || service.logs.all().is_empty() {
            // The last one may meet a closed connection.
            let _ = wire.try_say("1\r\nx\r\n").await;
            tokio::time::sleep(SOON / 10).await;
        }
    };
    in_time("the end of the trickle", trickle).await;
    assert_eq!(told(&wire.rest().await), too_slow());
}

#[tokio::test]
async fn an_http2_body_that_does_not_come_is_told_as_slow() {
    let service = service(SOON, LONG).await;
    let frames = futures_util::stream::pending::<Bytes>().map(|chunk| Ok(Frame::data(chunk)));
    let request = Request::post("/upload").body(StreamBody::new(frames).boxed_unsync());
    let mut http2 = Http2::open(service.addr).await;
    let answer: Answer = http2.call(request.unwrap()).await;
    assert_eq!(told(&answer), too_slow());
    // The connection has other streams.
    assert_eq!(http2.get("/ok").await.status, 200);
}

#[tokio::test]
async fn a_route_may_wait_longer_for_its_bodies() {
    let service = service(SOON, LONG).await;
    let mut wire = begin(&service, "/patient").await;
    tokio::time::sleep(SOON * 2).await;
    wire.say("{}").await;
    assert_eq!(told(&wire.answer().await), taken(2));
}

#[tokio::test]
async fn the_time_of_a_handler_does_not_run_while_it_waits_for_its_caller() {
    let service = service(LONG, SOON).await;
    let mut wire = begin(&service, "/upload").await;
    tokio::time::sleep(SOON * 2).await;
    wire.say("{}").await;
    assert_eq!(told(&wire.answer().await), taken(2));
}

#[tokio::test]
async fn a_handler_that_hangs_after_its_body_is_cut_all_the_same() {
    let service = service(LONG, SOON).await;
    let mut wire = begin(&service, "/hang-after").await;
    tokio::time::sleep(SOON * 2).await;
    wire.say("{}").await;
    let answer = in_time("an answer", wire.answer()).await;
    assert_eq!(told(&answer), (503, "request_timeout".to_owned()));
    assert_eq!(service.sole_record().await.summary(), ("timeout", 503, 1));
}

#[tokio::test]
async fn a_handler_that_hangs_without_a_look_at_its_body_is_cut_at_its_own_limit() {
    let routes = Router::new().route("/hang", post(std::future::pending::<()>));
    let setup = Setup {
        routes,
        timeout: SOON,
        ..Setup::default()
    };
    let service = setup.start().await;
    let answer = begin(&service, "/hang").await.answer().await;
    assert_eq!(told(&answer), (503, "request_timeout".to_owned()));
}
