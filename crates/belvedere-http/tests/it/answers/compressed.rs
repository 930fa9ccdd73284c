use std::io::Read;

use axum::{
    Router,
    body::Body,
    response::sse::{Event, Sse},
    routing::get,
};
use belvedere_http::HttpConfig;
use flate2::read::GzDecoder;
use futures_util::stream;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::assert_secured;
use crate::harness::{Answer, Http2, Service, Setup, http, request};

const GZIP: &str = "accept-encoding: br, gzip;q=0.9\r\n";
/// Smallest body that is compressed.
const FLOOR: usize = 1024;

async fn service(compression: bool) -> Service {
    let told = async || {
        Sse::new(stream::iter([Ok::<_, std::io::Error>(
            Event::default().data("x".repeat(FLOOR)),
        )]))
    };
    let encoded = async || ([(CONTENT_ENCODING, "br")], "x".repeat(FLOOR));
    let image = async || ([(CONTENT_TYPE, "image/png")], "x".repeat(FLOOR));
    let routes = Router::new()
        .route("/small", get(async || "x".repeat(FLOOR - 1)))
        .route("/large", get(async || "x".repeat(FLOOR)))
        .route(
            "/stream",
            get(async || {
                Body::from_stream(stream::iter([Ok::<_, std::io::Error>("x".repeat(FLOOR))]))
            }),
        )
        .route("/told", get(told))
        .route("/encoded", get(encoded))
        .route("/image", get(image));
    let setup = Setup {
        routes,
        http: HttpConfig {
            compression,
            ..http()
        },
        ..Setup::default()
    };
    setup.start().await
}

fn unpacked(answer: &Answer) -> String {
    assert_eq!(answer.header("content-encoding"), "gzip");
    let mut text = String::new();
    GzDecoder::new(&*answer.body)
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[tokio::test]
async fn a_large_answer_is_compressed_for_who_can_read_it() {
    let service = service(true).await;
    for path in ["/large", "/stream"] {
        let answer = service.ask("GET", path, GZIP, "").await;
        assert!(answer.body.len() < FLOOR / 2, "{path}");
        assert_eq!(unpacked(&answer), "x".repeat(FLOOR), "{path}");
        assert_eq!(answer.header("vary"), "accept-encoding", "{path}");
        assert_secured(&answer, path);
    }
    let mut gzip = request("GET", "/large");
    gzip.headers_mut()
        .insert("accept-encoding", "gzip".parse().unwrap());
    let answer = Http2::open(service.addr).await.call(gzip).await;
    assert_eq!(unpacked(&answer), "x".repeat(FLOOR));
}

#[tokio::test]
async fn who_does_not_ask_for_it_gets_none() {
    let service = service(true).await;
    for lines in [
        "",
        "accept-encoding: br, zstd\r\n",
        "accept-encoding: gzip;q=0\r\n",
    ] {
        let answer = service.ask("GET", "/large", lines, "").await;
        assert_eq!(answer.status, 200, "{lines}");
        assert_eq!(answer.header("content-encoding"), "", "{lines}");
        assert_eq!(answer.body.len(), FLOOR, "{lines}");
    }
}

#[tokio::test]
async fn what_is_small_encoded_an_image_or_an_event_is_left_as_it_is() {
    let service = service(true).await;
    for (path, encoding) in [
        ("/small", ""),
        ("/told", ""),
        ("/image", ""),
        ("/encoded", "br"),
    ] {
        let answer = service.ask("GET", path, GZIP, "").await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-encoding"), encoding, "{path}");
    }
}

#[tokio::test]
async fn nothing_is_compressed_where_it_is_off() {
    let answer = service(false).await.ask("GET", "/large", GZIP, "").await;
    assert_eq!(answer.header("content-encoding"), "");
}

#[tokio::test]
async fn the_record_tells_the_bytes_that_were_sent() {
    let service = service(true).await;
    let sent = service.ask("GET", "/large", GZIP, "").await.body.len();
    let record = service.sole_record().await;
    assert_eq!(record.completed.field("response_bytes"), sent.to_string());
}
