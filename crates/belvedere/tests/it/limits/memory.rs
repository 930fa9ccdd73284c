use std::{
    io::Write,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use belvedere_testing::{TestService, report};
use flate2::{Compression, write::GzEncoder};

use super::{active, answer, exchange, open, records, status};
use crate::helpers::service;

const UPLOADS: usize = 64;
const MIB: u64 = 1024 * 1024;
/// What may be held of each upload: its body twice, while its pieces are put together, and what is read and decoded ahead.
const PER_UPLOAD: u64 = 5 * MIB / 2;

/// Some 960 MB of zeros in less than 1 MiB: one member over and over.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 10 * MIB as usize]).unwrap();
    let member = encoder.finish().unwrap();
    let body = member.repeat((MIB as usize - 1) / member.len());
    let length = body.len();
    let mut request = format!(
        "POST /upload HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n"
    )
    .into_bytes();
    request.extend(body);
    request
}

/// A body without a length or an end.
fn endless(service: &TestService) -> String {
    let mut stream = open(service.http());
    let head = "POST /upload HTTP/1.1\r\nhost: test\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
    while stream.write_all(&chunk).is_ok() {}
    answer(stream)
}

/// A body of almost the largest size, whose end does not come.
fn slow(service: &TestService) -> String {
    let mut stream = open(service.http());
    let head = "POST /upload HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 1048576\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![b'x'; MIB as usize - 100]).unwrap();
    while stream.write_all(b"x").is_ok() {
        thread::sleep(Duration::from_millis(50));
    }
    answer(stream)
}

/// The largest resident memory until `is_over`.
fn watch(service: &TestService, is_over: &AtomicBool) -> u64 {
    let mut most = 0;
    while !is_over.load(Ordering::Relaxed) {
        most = most.max(service.resident_bytes().unwrap());
        thread::sleep(Duration::from_millis(2));
    }
    most
}

/// Sends all uploads at once; the largest memory meanwhile.
fn storm(service: &TestService, bomb: &[u8]) -> u64 {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watched = scope.spawn(|| watch(service, &is_over));
        let uploads: Vec<_> = (0..UPLOADS)
            .map(|number| {
                scope.spawn(move || match number % 4 {
                    0 | 1 => (413, exchange(service.http(), bomb)),
                    2 => (413, endless(service)),
                    _ => (408, slow(service)),
                })
            })
            .collect();
        for upload in uploads {
            let (expected, answer) = upload.join().unwrap();
            // The answer may be lost where the caller's bytes were still coming in; what was told is in the log.
            assert!([0, expected].contains(&status(&answer)), "{answer}");
        }
        is_over.store(true, Ordering::Relaxed);
        watched.join().unwrap()
    })
}

#[tokio::test]
async fn bombs_floods_and_trickles_at_once_cost_no_more_than_their_limits() {
    let service = service()
        .variable("HTTP__BODY_TIMEOUT_SECONDS", "3")
        .start()
        .unwrap();
    let before = service.resident_bytes().unwrap();
    let bomb = bomb();
    let growth = storm(&service, &bomb).saturating_sub(before);
    report(format_args!(
        "{UPLOADS} hostile uploads at once took {} MiB",
        growth / MIB
    ));
    assert!(growth < UPLOADS as u64 * PER_UPLOAD, "{growth} bytes");

    let told = records(&service, UPLOADS).await;
    assert_eq!(told.len(), UPLOADS);
    let of = |status: u64| {
        told.iter()
            .filter(move |line| line["status_code"] == status)
    };
    assert_eq!((of(413).count(), of(408).count()), (48, 16));
    assert!(told.iter().all(|line| line["outcome"] == "ok"));
    assert_eq!(active(&service).await, 0.0);
}
