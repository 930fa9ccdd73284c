//! `rediss://`: by ring, against the usual roots or one's own.

use std::{fs, time::Duration};

use belvedere_redis::{Redis, RedisConfig};
use belvedere_testing::ThrowAwayRedis;
use tempfile::TempDir;

use crate::helpers::config;

#[tokio::test]
async fn a_server_is_checked_against_the_certificates_of_the_file_or_the_usual_ones() {
    // The process may have it from another test.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = TempDir::new().unwrap();
    let (certificate, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(&certificate, signed.cert.pem()).unwrap();
    fs::write(&key, signed.signing_key.serialize_pem()).unwrap();
    let server = ThrowAwayRedis::with_tls(&certificate, &key).unwrap();
    let known_to_nobody = RedisConfig {
        required: true,
        ..config(&server.tls_url().unwrap())
    };
    let known = RedisConfig {
        ca_file: Some(certificate),
        ..known_to_nobody.clone()
    };
    let patience = Duration::from_millis(500);
    assert!(Redis::connect(&known, "shop", patience).await.is_ok());
    let refused = Redis::connect(&known_to_nobody, "shop", patience).await;
    assert!(refused.is_err());
}
