//! Collectors behind TLS.

use std::{
    fs,
    net::{SocketAddr, TcpListener as StdListener},
    path::PathBuf,
    sync::Arc,
};

use belvedere_core::trace::{ChildSpan, Status};
use belvedere_telemetry::TelemetryError;
use belvedere_testing::OtlpSink;
use opentelemetry::trace::SpanKind;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use crate::helpers::{Started, child, dropped, is_child, line, lines, request, start, try_start};

/// A sink behind a certificate that nobody has signed.
struct Secured {
    sink: OtlpSink,
    address: SocketAddr,
    folder: TempDir,
    _runtime: Runtime,
}

impl Secured {
    fn start() -> Self {
        let sink = OtlpSink::start().expect("a free port");
        let folder = TempDir::new().expect("a temporary folder");
        let made = generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        fs::write(folder.path().join("ca.pem"), made.cert.pem()).expect("it can be written");
        let runtime = Runtime::new().expect("a runtime");
        let listener = StdListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("it is a socket");
        let address = listener.local_addr().expect("it is bound");
        let behind = sink.endpoint().replace("http://", "");
        runtime.spawn(relay(listener, acceptor(&made), behind));
        Self {
            sink,
            address,
            folder,
            _runtime: runtime,
        }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

fn acceptor(made: &CertifiedKey<rcgen::KeyPair>) -> TlsAcceptor {
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows them")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("they belong together");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn relay(listener: StdListener, acceptor: TlsAcceptor, behind: String) {
    let listener = TcpListener::from_std(listener).expect("it is a socket");
    let mut calls = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("it listens");
        let (acceptor, behind) = (acceptor.clone(), behind.clone());
        calls.spawn(async move {
            // A caller that does not trust the certificate goes away.
            let mut front = acceptor.accept(stream).await.ok()?;
            let mut back = TcpStream::connect(behind).await.ok()?;
            tokio::io::copy_bidirectional(&mut front, &mut back)
                .await
                .ok()
        });
    }
}

fn trace(started: &Started) {
    let context = request(&started.telemetry);
    context.enter(|| {
        let statement = ChildSpan::begin().expect("export is on");
        statement.finish(&SpanKind::Client, "SELECT orders", &[], Status::Unset);
    });
}

fn trusted(protocol: &str) {
    let secured = Secured::start();
    let started = start(|config| {
        config.otel.exporter_otlp_endpoint = Some(secured.url());
        config.otel.exporter_otlp_protocol = protocol.to_owned();
        config.otel.exporter_otlp_certificate = Some(secured.certificate());
    });
    trace(&started);
    assert!(started.telemetry.flush_traces());
    assert_eq!(secured.sink.spans().len(), 1);
}

#[test]
fn a_certificate_that_is_named_is_trusted_over_grpc() {
    trusted("grpc");
}

#[test]
fn a_certificate_that_is_named_is_trusted_over_http() {
    trusted("http/protobuf");
}

/// `name` of the test, to play its part in a child.
fn refused(name: &str, protocol: &str) {
    if is_child() {
        let started = start(|config| {
            config.otel.exporter_otlp_endpoint = std::env::var("ENDPOINT").ok();
            config.otel.exporter_otlp_protocol = protocol.to_owned();
        });
        trace(&started);
        assert!(started.telemetry.flush_traces());
        assert_eq!(dropped(&started, "traces", "export_failed"), 1);
        started.telemetry.flush_log();
        return;
    }
    let secured = Secured::start();
    let output = child(name).env("ENDPOINT", secured.url()).output();
    let output = output.expect("a child starts");
    assert!(output.status.success(), "{output:?}");
    let told = line(&lines(&output), "telemetry_export_failed");
    let error = told["error"].as_str().expect("it is text");
    assert!(error.contains("invalid peer certificate"), "{error}");
    assert_eq!(secured.sink.requests().len(), 0);
}

#[test]
fn a_certificate_that_nobody_has_signed_is_refused_and_told_over_grpc() {
    let name = "tls::a_certificate_that_nobody_has_signed_is_refused_and_told_over_grpc";
    refused(name, "grpc");
}

#[test]
fn a_certificate_that_nobody_has_signed_is_refused_and_told_over_http() {
    let name = "tls::a_certificate_that_nobody_has_signed_is_refused_and_told_over_http";
    refused(name, "http/protobuf");
}

#[test]
fn a_file_without_certificates_ends_the_start() {
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "nothing\n").unwrap();
    for file in [empty, folder.path().join("missing.pem")] {
        for protocol in ["grpc", "http/protobuf"] {
            let error = try_start(|config| {
                config.otel.exporter_otlp_endpoint = Some("https://localhost:1".to_owned());
                config.otel.exporter_otlp_protocol = protocol.to_owned();
                config.otel.exporter_otlp_traces_certificate = Some(file.clone());
            });
            let Err(TelemetryError::Config(error)) = error.map(drop) else {
                panic!("it started");
            };
            let place = &error.problems[0].place;
            assert_eq!(place, "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "{error}");
        }
    }
}
