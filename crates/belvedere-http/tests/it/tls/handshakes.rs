//! Those who do not get as far as a request.

use std::time::Duration;

use belvedere_http::server::Limits;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{Authority, connect, start, with};
use crate::harness::{Wire, until};

/// The begin of a hello, that promises 512 bytes.
const HALF: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

#[tokio::test]
async fn a_thousand_half_handshakes_hold_up_nobody() {
    let authority = Authority::new();
    let service = start(&authority).await;
    let mut half = Vec::new();
    for _ in 0..1_000 {
        let mut stream = TcpStream::connect(service.addr).await.unwrap();
        stream.write_all(HALF).await.unwrap();
        half.push(stream);
    }
    for _ in 0..20 {
        let stream = connect(service.addr, &authority, "http/1.1").await.unwrap();
        assert_eq!(Wire::over(stream).get("/ok").await.status, 200);
    }
    assert_eq!(service.rejected("tls_handshake_timeout"), 0.0);
}

#[tokio::test]
async fn half_a_handshake_is_closed_when_half_a_head_would_be() {
    let authority = Authority::new();
    let limits = Limits {
        header_timeout: Duration::from_millis(300),
        ..Limits::default()
    };
    let service = with(authority.tls(), limits).await;
    let (mut half, mut silent) = (service.connect().await, service.connect().await);
    half.say(HALF).await;
    half.rest().await;
    silent.rest().await;
    until("two refusals", || {
        service.rejected("tls_handshake_timeout") == 2.0
    })
    .await;
    assert!(service.logs.all().is_empty(), "{:?}", service.logs.all());
}

#[tokio::test]
async fn half_a_handshake_does_not_keep_a_server_from_ending() {
    let authority = Authority::new();
    let mut service = start(&authority).await;
    let mut half = service.connect().await;
    half.say(HALF).await;
    let stream = connect(service.addr, &authority, "http/1.1").await.unwrap();
    Wire::over(stream).get("/ok").await;
    service.shutdown.stop();
    assert_eq!(service.ended().await, 0);
}

#[tokio::test]
async fn http_without_tls_is_refused_and_counted_but_not_logged() {
    let authority = Authority::new();
    let service = start(&authority).await;
    let mut wire = service.connect().await;
    wire.say("GET /ok HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert_eq!(wire.rest().await.status, 0);
    until("a refusal", || service.rejected("no_tls") == 1.0).await;
    assert!(service.logs.all().is_empty(), "{:?}", service.logs.all());
}

#[tokio::test]
async fn a_client_that_trusts_another_authority_is_counted() {
    let authority = Authority::new();
    let service = start(&authority).await;
    let stranger = Authority::new();
    let error = connect(service.addr, &stranger, "h2").await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    until("a refusal", || {
        service.rejected("tls_handshake_failed") == 1.0
    })
    .await;
}

#[tokio::test]
async fn a_balancer_that_only_looks_in_is_not_counted() {
    let authority = Authority::new();
    let service = start(&authority).await;
    for _ in 0..10 {
        drop(TcpStream::connect(service.addr).await.unwrap());
    }
    let stream = connect(service.addr, &authority, "http/1.1").await.unwrap();
    assert_eq!(Wire::over(stream).get("/ok").await.status, 200);
    service.counted(1).await;
    let rejected = service.metrics.sum("http_connections_rejected_total", &[]);
    assert_eq!(rejected, 0.0);
}
