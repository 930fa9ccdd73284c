//! A service behind TLS, as its operator starts it and renews its certificate.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use belvedere_testing::TestService;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use reqwest::{Certificate, Client, Response};
use tempfile::TempDir;

use crate::helpers::{rough, service};

fn issue(folder: &Path) -> CertifiedKey<KeyPair> {
    let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
    fs::write(folder.join("tls.crt"), made.cert.pem()).unwrap();
    made
}

fn start(folder: &Path) -> TestService {
    let path = |name| folder.join(name).to_str().unwrap().to_owned();
    let service = service().variable("HTTP__TLS_CERT_FILE", &path("tls.crt"));
    let service = service.variable("HTTP__TLS_KEY_FILE", &path("tls.key"));
    service.start().expect("the service starts")
}

async fn get(addr: SocketAddr, trusted: &CertifiedKey<KeyPair>) -> reqwest::Result<Response> {
    let root = Certificate::from_der(trusted.cert.der()).unwrap();
    let client = Client::builder().tls_certs_only([root]).build().unwrap();
    client
        .get(format!("https://localhost:{}/ok", addr.port()))
        .send()
        .await
}

#[tokio::test]
async fn a_certificate_is_renewed_by_sighup_and_measured() {
    let folder = TempDir::new().unwrap();
    let first = issue(folder.path());
    let service = start(folder.path());
    let answer = get(service.http(), &first).await.unwrap();
    assert_eq!(answer.status(), 200);
    let hsts = &answer.headers()["strict-transport-security"];
    assert!(hsts.to_str().unwrap().starts_with("max-age="));
    service.metric("tls_cert_not_after_seconds ").await;

    let second = issue(folder.path());
    let starting = service.line(|line| line["message"] == "application_starting");
    let pid = starting.await["pid"].to_string();
    let told = Command::new("kill").args(["-HUP", &pid]).status().unwrap();
    assert!(told.success());
    service
        .line(|line| line["message"] == "tls_certificate_reloaded")
        .await;
    assert_eq!(get(service.http(), &second).await.unwrap().status(), 200);
    assert!(get(service.http(), &first).await.is_err());
}

#[test]
fn half_of_tls_ends_the_start_by_the_variable_that_is_missing() {
    let output = Command::new(rough())
        .env("HTTP__TLS_CERT_FILE", "tls.crt")
        .output()
        .expect("the example was built beside the tests");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{told}");
    assert!(told.contains("HTTP__TLS_KEY_FILE"), "{told}");
}
