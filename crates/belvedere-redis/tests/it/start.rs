//! The start: with Redis, without, and with one that does not answer.

use std::time::{Duration, Instant};

use belvedere_core::HealthCheck;
use belvedere_redis::{ConnectError, Redis, RedisConfig};
use belvedere_testing::ThrowAwayRedis;

use crate::helpers::{capture_log, config, connect};

const PATIENCE: Duration = Duration::from_millis(200);

async fn refused(config: &RedisConfig) -> ConnectError {
    Redis::connect(config, "shop", PATIENCE).await.unwrap_err()
}

#[tokio::test]
async fn a_good_one_is_told_without_its_password() {
    let log = capture_log();
    let server = ThrowAwayRedis::with_password("hunter2").unwrap();
    let redis = connect(&server.url()).await;
    assert!(redis.health_check().check().await.is_ok());
    let told = log.lines("redis_connection_ok");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("redis://") && !told[0].contains("hunter2"),
        "{told:?}"
    );
}

#[tokio::test]
async fn one_that_is_not_required_holds_up_no_start_and_is_found_later() {
    let log = capture_log();
    let mut server = ThrowAwayRedis::start().unwrap();
    let url = server.url();
    server.kill();
    let began = Instant::now();
    let redis = Redis::connect(&config(&url), "shop", Duration::from_secs(30)).await;
    let redis = redis.unwrap().unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    let check = redis.health_check();
    assert!(!check.is_critical());
    for _ in 0..10 {
        assert!(check.check().await.is_err());
    }
    assert_eq!(log.lines("redis_connection_failed").len(), 1);
    server.start_again().unwrap();
    let back = crate::helpers::until("PONG", || async { check.check().await.is_ok() }).await;
    assert!(back < Duration::from_secs(5), "{back:?}");
    assert_eq!(log.lines("redis_connection_ok").len(), 1);
}

#[tokio::test]
async fn a_required_one_that_is_not_there_is_an_error_and_critical() {
    let mut server = ThrowAwayRedis::with_password("hunter2").unwrap();
    let required = RedisConfig {
        required: true,
        ..config(&server.url())
    };
    let redis = Redis::connect(&required, "shop", PATIENCE).await;
    assert!(redis.unwrap().unwrap().health_check().is_critical());
    server.kill();
    let error = refused(&required).await;
    assert!(!error.is_setting());
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("REDIS_URL") && !text.contains("hunter2"),
        "{text}"
    );
}

#[tokio::test]
async fn a_wrong_password_is_an_error_that_does_not_tell_it() {
    let server = ThrowAwayRedis::with_password("hunter2").unwrap();
    let required = RedisConfig {
        required: true,
        ..config(&server.url().replace("hunter2", "hunter3"))
    };
    let text = format!("{:?}", refused(&required).await);
    assert!(!text.contains("hunter3"), "{text}");
}

#[tokio::test]
async fn settings_that_cannot_be_are_named() {
    let none = Redis::connect(&RedisConfig::default(), "shop", PATIENCE).await;
    assert!(none.unwrap().is_none());
    let required = RedisConfig {
        required: true,
        ..RedisConfig::default()
    };
    let with_ca = RedisConfig {
        ca_file: Some("/nowhere/ca.pem".into()),
        ..config("rediss://127.0.0.1:1")
    };
    for (config, named) in [
        (required, "REDIS_URL is not set"),
        (config("postgres://:hunter2@h/0"), "cannot be read"),
        (with_ca, "REDIS__CA_FILE"),
    ] {
        let error = refused(&config).await;
        assert!(error.is_setting());
        let text = error.to_string();
        assert!(text.contains(named) && !text.contains("hunter2"), "{text}");
    }
}
