//! What guards requests guards calls, and is told of them in the words of gRPC.

use std::{fs, time::Instant};

use belvedere_testing::{SentrySink, TokenIssuer};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;
use tonic::{Code, Request, Status, transport};
use tonic_types::StatusExt;

use super::{Client, Number, client, find, in_time, shelf, wanted};

/// The database cannot count further: a failure with something behind it.
const TOO_FAR: i64 = i64::MAX;

#[tokio::test]
async fn who_calls_is_known_by_a_token_and_by_nothing_else() {
    let issuer = TokenIssuer::start().unwrap();
    let service = shelf().tokens(&issuer).start().unwrap();
    let mut client = client(&service).await;
    let refused = find(&mut client, wanted(1)).await.unwrap_err();
    assert_eq!(
        refused.code(),
        Code::Unauthenticated,
        "headers are no token"
    );
    let token = issuer.token("acme", "ada");
    let mut request = Request::new(Number { value: 1 });
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    assert_eq!(find(&mut client, request).await.unwrap(), 2);
    service
        .line(|line| line["grpc_status"] == "OK" && line["user_id"] == "ada")
        .await;
    service
        .metric(r#"auth_failures_total{reason="missing"} 1"#)
        .await;
    let (_, lines) = service.stop().unwrap();
    let part = &token[10..40];
    assert!(lines.iter().all(|line| !line.to_string().contains(part)));
}

/// How many calls are answered before one is refused, and how.
async fn until_refused(client: &mut Client, tenant: &str) -> (u64, Status) {
    let mut answered = 0;
    loop {
        let mut request = Request::new(Number { value: 1 });
        let metadata = request.metadata_mut();
        metadata.insert("x-tenant-id", tenant.parse().unwrap());
        match find(client, request).await {
            Ok(_) => answered += 1,
            Err(refused) => break (answered, refused),
        }
    }
}

#[tokio::test]
async fn calls_and_requests_are_limited_together_and_told_when_to_come_again() {
    const AT_ONCE: u64 = 30;
    let service = shelf()
        .variable("HTTP__RATE_LIMIT_PER_IP", "1")
        .variable("HTTP__RATE_LIMIT_PER_IP_BURST", &AT_ONCE.to_string());
    let service = service.start().unwrap();
    let mut client = client(&service).await;
    let began = Instant::now();
    let mut answered = 0;
    while service.get("/found").await.status == 200 {
        answered += 1;
    }
    let (called, refused) = until_refused(&mut client, "acme").await;
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let again = refused.get_details_retry_info().unwrap().retry_delay;
    assert!(again.unwrap().as_secs() >= 1, "{again:?}");
    let most = AT_ONCE + began.elapsed().as_secs() + 1;
    assert!(answered + called <= most, "{answered} and {called}");
}

#[tokio::test]
async fn one_tenant_that_calls_too_often_takes_nothing_from_another() {
    let service = shelf()
        .variable("HTTP__RATE_LIMIT_PER_PRINCIPAL", "1")
        .variable("HTTP__RATE_LIMIT_PER_PRINCIPAL_BURST", "3");
    let service = service.start().unwrap();
    let mut client = client(&service).await;
    let (_, refused) = in_time(until_refused(&mut client, "acme")).await;
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let (answered, _) = in_time(until_refused(&mut client, "other")).await;
    assert!(answered >= 3, "{answered}");
}

#[tokio::test]
async fn a_failure_is_told_to_sentry_once_and_to_its_caller_without_its_inside() {
    let sentry = SentrySink::start().unwrap();
    let service = shelf().variable("SENTRY_DSN", &sentry.dsn());
    let service = service.start().unwrap();
    let mut client = client(&service).await;
    let failed = find(&mut client, wanted(TOO_FAR)).await.unwrap_err();
    assert_eq!(failed.code(), Code::Internal);
    let line = service
        .line(|line| line["message"] == "unhandled_exception")
        .await;
    let trace_id = line["trace_id"].as_str().unwrap();
    let message = format!("internal_server_error [trace {trace_id}]");
    assert_eq!(failed.message(), message);
    let told = format!("{failed:?}").to_lowercase();
    for inside in ["select", "sqlx", "column", "decode"] {
        assert!(!told.contains(inside), "{told}");
    }
    service.stop().unwrap();
    let events = sentry.events();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["transaction"], "shelf.v1.Shelf/Find");
    let errors = events[0]["exception"]["values"].as_array().unwrap();
    assert_eq!(errors.last().unwrap()["type"], "shelf::ShelfError");
    for key in ["request_id", "trace_id", "tenant_id"] {
        assert_eq!(events[0]["tags"][key], line[key], "{key}");
    }
}

/// A certificate and its key, for `localhost`.
fn issue(folder: &TempDir) -> [String; 2] {
    let made: CertifiedKey<_> = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pems = [
        ("tls.crt", made.cert.pem()),
        ("tls.key", made.signing_key.serialize_pem()),
    ];
    pems.map(|(name, pem)| {
        let path = folder.path().join(name);
        fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    })
}

#[tokio::test]
async fn calls_are_encrypted_where_requests_are_by_who_serves_and_by_who_calls() {
    let folder = TempDir::new().unwrap();
    let [certificate, key] = issue(&folder);
    let last = shelf()
        .variable("HTTP__TLS_CERT_FILE", &certificate)
        .variable("HTTP__TLS_KEY_FILE", &key);
    let last = last.start().unwrap();
    let url = format!("https://localhost:{}", last.grpc().port());
    let first = shelf()
        .variable("NEXT__URL", &url)
        .variable("NEXT__CA_FILE", &certificate);
    let first = first.start().unwrap();
    assert_eq!(first.anonymous().get("/found").await.text(), "8");
    let stranger = shelf().variable("NEXT__URL", &url).start().unwrap();
    assert_eq!(stranger.anonymous().get("/found").await.status, 503);
    let plain = format!("http://{}", last.grpc());
    let plain = transport::Endpoint::try_from(plain).unwrap();
    let mut plain = Client::new(plain.connect_lazy());
    assert!(find(&mut plain, wanted(1)).await.is_err());
}

#[tokio::test]
async fn both_sides_name_their_attributes_as_they_are_asked_to() {
    let with = || shelf().variable("OTEL_SEMCONV_STABILITY_OPT_IN", "rpc");
    let last = with().start().unwrap();
    let url = format!("http://{}", last.grpc());
    let first = with().variable("NEXT__URL", &url).start().unwrap();
    let answer = first.anonymous().get("/found").await;
    let line = first.completed(&answer.request_id()).await;
    let trace = line["trace_id"].as_str().unwrap();
    for (service, kind) in [(&first, "client"), (&last, "server")] {
        service.trace(trace).await;
        let spans = service.otlp().trace(trace);
        let span = super::sole(&spans, kind, "shelf.v1.Shelf/Find");
        let attributes = &span.attributes;
        assert_eq!(attributes["rpc.system.name"], "grpc", "{kind}");
        assert_eq!(attributes["rpc.response.status_code"], "OK", "{kind}");
        assert!(!attributes.contains_key("rpc.system"), "{attributes:?}");
    }
}
