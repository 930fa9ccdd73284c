//! The listener behind TLS: everything as without, and certificates that come and go.

mod authority;
mod drain;
mod handshakes;
mod reload;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use belvedere_core::config::Seconds;
use belvedere_http::{
    HttpConfig, Upstream, UpstreamConfig, UpstreamError,
    server::{Limits, Tls, TlsError},
};
use rustls::{ClientConfig, pki_types::ServerName, version};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::harness::{Frames, Http2, Service, Setup, Wire, attribute, until};
use authority::{Authority, Chain};

/// A service behind a certificate of `authority`.
async fn start(authority: &Authority) -> Service {
    with(authority.tls(), Limits::default()).await
}

async fn with(tls: Tls, limits: Limits) -> Service {
    Setup {
        tls: Some(tls),
        limits,
        ..Setup::default()
    }
    .start()
    .await
}

/// A connection that trusts `authority` and offers `protocol`.
async fn connect(
    addr: SocketAddr,
    authority: &Authority,
    protocol: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    shake(addr, authority.client(protocol)).await
}

async fn shake(addr: SocketAddr, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(addr).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

fn protocol(stream: &TlsStream<TcpStream>) -> &str {
    str::from_utf8(stream.get_ref().1.alpn_protocol().unwrap()).unwrap()
}

#[tokio::test]
async fn http1_and_http2_are_spoken_as_the_client_offers() {
    let authority = Authority::new();
    let service = start(&authority).await;
    let http1 = connect(service.addr, &authority, "http/1.1").await.unwrap();
    assert_eq!(protocol(&http1), "http/1.1");
    assert_eq!(Wire::over(http1).get("/ok").await.status, 200);
    let http2 = connect(service.addr, &authority, "h2").await.unwrap();
    assert_eq!(protocol(&http2), "h2");
    assert_eq!(Http2::over(http2).await.get("/ok").await.status, 200);
    service.counted(2).await;
    for span in service.spans.servers() {
        assert_eq!(attribute(&span, "url.scheme"), "https");
        assert_eq!(attribute(&span, "client.address"), "127.0.0.1");
    }
}

#[tokio::test]
async fn tls_12_is_the_oldest_version_that_is_spoken() {
    let authority = Authority::new();
    let service = start(&authority).await;
    for version in [&version::TLS12, &version::TLS13] {
        let config = authority.client_of(&[version], "http/1.1");
        let stream = shake(service.addr, config).await.unwrap();
        let spoken = stream.get_ref().1.protocol_version().unwrap();
        assert_eq!(spoken, version.version);
        assert_eq!(Wire::over(stream).get("/ok").await.status, 200);
    }
    // The head of a TLS 1.0 hello: rustls cannot say it.
    let mut wire = service.connect().await;
    let mut hello = b"\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x01".to_vec();
    hello.extend([7; 32]);
    hello.extend(b"\x00\x00\x02\x00\x2f\x01\x00");
    wire.say(hello).await;
    wire.rest().await;
    until("a refusal", || {
        service.rejected("tls_handshake_failed") == 1.0
    })
    .await;
}

#[tokio::test]
async fn an_idle_connection_and_half_a_head_are_closed_as_without_tls() {
    let authority = Authority::new();
    let soon = Duration::from_millis(300);
    let limits = Limits {
        header_timeout: soon,
        ..Limits::default()
    };
    let setup = Setup {
        tls: Some(authority.tls()),
        limits,
        idle: soon,
        ..Setup::default()
    };
    let service = setup.start().await;
    let stream = connect(service.addr, &authority, "http/1.1").await.unwrap();
    let mut half = Wire::over(stream);
    half.say("GET /ok HTTP/1.1\r\nho").await;
    let stream = connect(service.addr, &authority, "http/1.1").await.unwrap();
    let mut idle = Wire::over(stream);
    assert_eq!(idle.get("/ok").await.status, 200);
    idle.rest().await;
    half.rest().await;
    until("a refusal", || service.rejected("header_timeout") == 1.0).await;
}

#[tokio::test]
async fn a_caller_that_never_reads_is_cut_as_without_tls() {
    let authority = Authority::new();
    let limits = Limits {
        write_timeout: Duration::from_millis(300),
        ..Limits::default()
    };
    let service = with(authority.tls(), limits).await;
    let stream = connect(service.addr, &authority, "http/1.1").await.unwrap();
    let mut http1 = Wire::over(stream);
    http1.say("GET /flood HTTP/1.1\r\nhost: test\r\n\r\n").await;
    let stream = connect(service.addr, &authority, "h2").await.unwrap();
    let mut http2 = Wire::over(stream);
    let frames = Frames::with_window(i32::MAX as u32).open(0, 1 << 30);
    http2.say(frames.get(1, "/flood")).await;
    until("two cuts", || {
        service.logs.named("write_timeout").len() == 2
    })
    .await;
    service.counted(2).await;
    for event in service.logs.completed() {
        assert_eq!(event.field("outcome"), "client_abort");
    }
}

#[tokio::test]
async fn the_end_of_the_certificate_is_measured() {
    let authority = Authority::new();
    let service = start(&authority).await;
    // The recorder came after the certificate was read: let it be read again.
    authority.issue(&Chain::for_days(30));
    let tls = authority.tls();
    drop(tls);
    let not_after = service.metrics.sum("tls_cert_not_after_seconds", &[]);
    let wanted = authority::in_days(30) as f64;
    assert!((not_after - wanted).abs() < 3_600.0, "{not_after}");
}

#[test]
fn a_certificate_that_cannot_be_shown_is_named_by_its_variable() {
    let authority = Authority::new();
    let good = Authority::files();
    let checked = |certificate: Option<&str>, key: Option<&str>| {
        let path = |name: &str| authority.path(name);
        let config = HttpConfig {
            tls_cert_file: certificate.map(path),
            tls_key_file: key.map(path),
            ..HttpConfig::default()
        };
        config.check().map_err(|error| error.to_string())
    };
    let (certificate, key) = (Some(good.0), Some(good.1));
    assert_eq!(checked(certificate, key), Ok(()));
    assert_eq!(checked(None, None), Ok(()));
    authority.write("other.pem", &Chain::for_days(1).key_pem());
    authority.write("nothing.pem", "hunter2");
    for (certificate, key, variable, why) in [
        (certificate, None, "KEY", "TLS needs both"),
        (None, key, "CERT", "TLS needs both"),
        (Some("missing.pem"), key, "CERT", "cannot be read"),
        (certificate, Some("missing.pem"), "KEY", "cannot be read"),
        (Some("nothing.pem"), key, "CERT", "holds none"),
        (certificate, Some("nothing.pem"), "KEY", "holds none"),
        (certificate, Some("other.pem"), "KEY", "does not belong"),
    ] {
        let told = checked(certificate, key).unwrap_err();
        assert!(
            told.contains(&format!("HTTP__TLS_{variable}_FILE")),
            "{told}"
        );
        assert!(told.contains(why) && !told.contains("hunter2"), "{told}");
    }
    authority.issue(&Chain::for_days(-1));
    let told = checked(certificate, key).unwrap_err();
    assert!(
        told.contains("HTTP__TLS_CERT_FILE") && told.contains("has ended"),
        "{told}"
    );
    assert!(matches!(authority.load(), Err(TlsError::Over)));
}

#[tokio::test]
async fn a_call_trusts_an_authority_only_where_it_is_told_to() {
    let authority = Authority::new();
    let service = start(&authority).await;
    let port = service.addr.port();
    let calling = |host: &str, ca_file| {
        let config = UpstreamConfig {
            url: Some(format!("https://{host}:{port}").parse().unwrap()),
            timeout_seconds: Seconds::new(20),
            ca_file,
            ..UpstreamConfig::default()
        };
        Upstream::new("self", &config).unwrap()
    };
    let ca_file = || Some(authority.path("ca.pem"));
    let trusting = calling("localhost", ca_file());
    let call = trusting.post("json").json(&json!({"a": 1}));
    assert_eq!(call.send().await.unwrap().body(), &r#"{"a":1}"#);
    for stranger in [calling("localhost", None), calling("127.0.0.1", ca_file())] {
        let error = stranger.get("ok").send().await.unwrap_err();
        assert!(
            matches!(error, UpstreamError::NoConnection { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_file_without_a_certificate_is_nobody_to_trust() {
    let authority = Authority::new();
    authority.write("nothing.pem", "");
    for file in ["nothing.pem", "missing.pem"] {
        let config = UpstreamConfig {
            url: Some("https://localhost".parse().unwrap()),
            ca_file: Some(authority.path(file)),
            ..UpstreamConfig::default()
        };
        let error = Upstream::new("self", &config).unwrap_err();
        assert!(error.is_setting(), "{error}");
    }
}
