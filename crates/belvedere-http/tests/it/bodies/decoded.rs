use std::io::Write;

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};

use super::{send, send_chunked, taken, told, too_large};
use crate::harness::{Answer, LIMIT, Service};

const GZIP: &str = "content-encoding: gzip\r\n";
const DEFLATE: &str = "content-encoding: deflate\r\n";

fn gzip(bytes: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b'x'; bytes]).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b'x'; bytes]).unwrap();
    encoder.finish().unwrap()
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

async fn upload(lines: &str, body: &[u8]) -> Answer {
    let service = Service::start().await;
    let answer = send(&service, "/upload", lines, body).await;
    let record = service.sole_record().await;
    assert_eq!(record.summary(), ("ok", answer.status, 0));
    answer
}

#[tokio::test]
async fn a_body_may_be_as_large_as_the_limit_after_it_was_decompressed() {
    let service = Service::start().await;
    for (size, expected) in [(LIMIT, taken(LIMIT)), (LIMIT + 1, too_large())] {
        let answer = send(&service, "/upload", GZIP, &gzip(size)).await;
        assert_eq!(told(&answer), expected, "gzip");
        let answer = send_chunked(&service, "/upload", GZIP, &gzip(size)).await;
        assert_eq!(told(&answer), expected, "gzip in chunks");
        let answer = send(&service, "/upload", DEFLATE, &deflate(size)).await;
        assert_eq!(told(&answer), expected, "deflate");
    }
}

#[tokio::test]
async fn a_body_of_two_members_is_read_to_its_end() {
    let half = gzip(LIMIT / 2);
    let answer = upload(GZIP, &[half.clone(), half].concat()).await;
    assert_eq!(told(&answer), taken(LIMIT));
}

#[tokio::test]
async fn the_extractors_see_the_body_as_if_it_had_never_been_encoded() {
    let service = Service::start().await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(b"{\"a\":1}").unwrap();
    let lines = "content-encoding: gzip\r\ncontent-type: application/json\r\n";
    let body = encoder.finish().unwrap();
    let answer = send(&service, "/json", lines, &body).await;
    assert_eq!(told(&answer), (200, "{\"a\":1}".to_owned()));
}

#[tokio::test]
async fn what_nobody_can_decode_is_refused_with_what_can_be() {
    let answer = upload("content-encoding: br\r\n", b"body").await;
    assert_eq!(told(&answer), refused(415, "unsupported_content_encoding"));
    assert_eq!(answer.header("accept-encoding"), "gzip, deflate");
}

#[tokio::test]
async fn what_was_encoded_twice_is_refused() {
    let service = Service::start().await;
    for lines in [
        "content-encoding: gzip, gzip\r\n".to_owned(),
        GZIP.repeat(2),
    ] {
        let answer = send(&service, "/upload", &lines, &gzip(10)).await;
        assert_eq!(told(&answer), refused(415, "unsupported_content_encoding"));
    }
}

#[tokio::test]
async fn what_is_not_gzip_is_refused_as_that() {
    let answer = upload(GZIP, b"this is no gzip").await;
    assert_eq!(told(&answer), refused(400, "undecodable_body"));
}

#[tokio::test]
async fn gzip_without_its_end_is_refused() {
    let body = gzip(1000);
    let answer = upload(GZIP, &body[..body.len() - 4]).await;
    assert_eq!(told(&answer), refused(400, "undecodable_body"));
}

#[tokio::test]
async fn gzip_that_was_damaged_is_refused() {
    let mut body = gzip(1000);
    let checksum = body.len() - 8;
    body[checksum] ^= 1;
    let answer = upload(GZIP, &body).await;
    assert_eq!(told(&answer), refused(400, "undecodable_body"));
}

#[tokio::test]
async fn a_caller_that_goes_away_in_the_middle_of_gzip_has_gone_away() {
    let service = Service::start().await;
    let mut wire = service.connect().await;
    wire.say(format!(
        "POST /upload HTTP/1.1\r\nhost: test\r\n{GZIP}content-length: 1000\r\n\r\n"
    ))
    .await;
    wire.say(&gzip(1000)[..10]).await;
    service.running(1).await;
    drop(wire);
    assert_eq!(
        service.sole_record().await.summary(),
        ("client_abort", 499, 0)
    );
}
