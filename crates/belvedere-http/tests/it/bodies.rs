//! What a body may take: bytes, time, and what its encoding makes of it.

mod decoded;
mod route;
mod slow;

use axum::{Router, routing::post};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};

use crate::harness::{Answer, Http2, LIMIT, Service, Setup, in_time};

/// A body with its length.
async fn send(service: &Service, path: &str, lines: &str, body: &[u8]) -> Answer {
    let mut wire = service.connect().await;
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {length}\r\n{lines}\r\n"
    );
    // The answer may come before the end of the body, and nobody be there to take the rest.
    let _ = wire.try_say([head.as_bytes(), body].concat()).await;
    wire.rest().await
}

/// A body without a length, in chunks of 1000 bytes.
async fn send_chunked(service: &Service, path: &str, lines: &str, body: &[u8]) -> Answer {
    let mut wire = service.connect().await;
    wire.say(format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ntransfer-encoding: chunked\r\n{lines}\r\n"
    ))
    .await;
    let mut chunked = Vec::new();
    for chunk in body.chunks(1000) {
        chunked.extend(format!("{:x}\r\n", chunk.len()).bytes());
        chunked.extend(chunk);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\n\r\n");
    let _ = wire.try_say(chunked).await;
    wire.rest().await
}

async fn send_over_http2(service: &Service, path: &str, body: Vec<u8>) -> Answer {
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
    let request = Request::post(path).body(body.boxed_unsync()).unwrap();
    Http2::open(service.addr).await.call(request).await
}

fn told(answer: &Answer) -> (u16, String) {
    let text = if answer.status == 200 {
        String::from_utf8(answer.body.clone()).unwrap()
    } else {
        assert_eq!(answer.header("content-type"), "application/problem+json");
        answer.json()["error"].as_str().unwrap().to_owned()
    };
    (answer.status, text)
}

fn taken(bytes: usize) -> (u16, String) {
    (200, bytes.to_string())
}

fn too_large() -> (u16, String) {
    (413, "payload_too_large".to_owned())
}

#[tokio::test]
async fn a_body_may_be_as_large_as_the_limit_and_no_larger() {
    let service = Service::start().await;
    for (size, expected) in [(LIMIT, taken(LIMIT)), (LIMIT + 1, too_large())] {
        let body = vec![b'x'; size];
        let answer = send(&service, "/upload", "", &body).await;
        assert_eq!(told(&answer), expected);
        let answer = send_chunked(&service, "/upload", "", &body).await;
        assert_eq!(told(&answer), expected, "chunked");
        let answer = send_over_http2(&service, "/upload", body).await;
        assert_eq!(told(&answer), expected, "over http/2");
    }
}

#[tokio::test]
async fn a_length_over_the_limit_is_refused_before_the_body_and_the_handler() {
    async fn touchy() {
        panic!("called for nothing")
    }
    let routes = Router::new().route("/touchy", post(touchy));
    let setup = Setup {
        routes,
        ..Setup::default()
    };
    let service = setup.start().await;
    let mut wire = service.connect().await;
    let length = LIMIT + 1;
    wire.say(format!(
        "POST /touchy HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n"
    ))
    .await;
    assert_eq!(told(&wire.answer().await), too_large());
    assert_eq!(service.sole_record().await.summary(), ("ok", 413, 0));
}

#[tokio::test]
async fn a_body_that_is_cut_leaves_one_record() {
    let service = Service::start().await;
    let body = vec![b'x'; LIMIT + 1];
    let answer = send_chunked(&service, "/upload", "", &body).await;
    assert_eq!(told(&answer), too_large());
    assert_eq!(service.sole_record().await.summary(), ("ok", 413, 0));
}

#[tokio::test]
async fn a_handler_that_reads_by_hand_needs_not_know_why_a_body_ended() {
    let by_hand = |body: axum::body::Body| async move {
        let read = body.collect().await;
        read.map_err(belvedere_http::Problem::internal)?;
        Ok::<_, belvedere_http::Problem>("all of it")
    };
    let setup = Setup {
        routes: Router::new().route("/by-hand", post(by_hand)),
        ..Setup::default()
    };
    let service = setup.start().await;
    let body = vec![b'x'; LIMIT + 1];
    let answer = send_chunked(&service, "/by-hand", "", &body).await;
    assert_eq!(told(&answer), too_large());
    assert_eq!(service.sole_record().await.summary(), ("ok", 413, 0));
}

#[tokio::test]
async fn an_answer_to_a_body_that_is_not_read_is_the_handlers_own() {
    let service = Service::start().await;
    let mut wire = service.connect().await;
    wire.say("GET /missing HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\n")
        .await;
    let answer = in_time("an answer", wire.answer()).await;
    assert_eq!(told(&answer), (404, "thing_not_found".to_owned()));
}
