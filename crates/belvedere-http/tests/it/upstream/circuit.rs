//! An upstream that is down is left alone.

use std::time::Duration;

use belvedere_core::{AsFailure, names::event};
use belvedere_http::{Upstream, UpstreamConfig, UpstreamError};

use super::{Gateway, config, millis};
use crate::harness::{Logs, Metrics, in_time};

/// A circuit that stays open for a fifth of a second.
fn upstream(gateway: &Gateway) -> Upstream {
    let config = UpstreamConfig {
        circuit_open_seconds: millis(200),
        max_retries: 0,
        ..config(&gateway.url)
    };
    Upstream::new("payments", &config).unwrap()
}

async fn call(upstream: &Upstream) -> Result<u16, UpstreamError> {
    let answer = upstream.get("moody").send().await;
    answer.map(|answer| answer.status().as_u16())
}

/// Calls until one is answered like this.
async fn until_answered(upstream: &Upstream, status: u16) {
    let calls = async {
        while !call(upstream).await.is_ok_and(|answer| answer == status) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    in_time("an answer", calls).await;
}

#[tokio::test]
async fn a_circuit_opens_and_closes_when_the_upstream_answers_again() {
    let metrics = Metrics::install();
    let gateway = Gateway::start().await;
    let upstream = upstream(&gateway);
    let up = || metrics.sum("dependency_up", &[("dependency", "payments")]);
    assert_eq!(up(), 1.0);

    gateway.answer(500);
    for _ in 0..20 {
        assert_eq!(call(&upstream).await.unwrap(), 500);
    }
    assert_eq!(up(), 0.0);
    let error = call(&upstream).await.unwrap_err();
    assert!(
        matches!(error, UpstreamError::CircuitOpen { .. }),
        "{error}"
    );
    assert_eq!((error.as_failure().status, gateway.asked()), (503, 20));
    let refused = [("status", "circuit_open")];
    let refused = metrics.sum("http_client_request_duration_seconds_count", &refused);
    assert_eq!(refused, 1.0);

    gateway.answer(200);
    for _ in 0..3 {
        assert_eq!(up(), 0.0);
        until_answered(&upstream, 200).await;
    }
    assert_eq!(up(), 1.0);
    for _ in 0..50 {
        assert_eq!(call(&upstream).await.unwrap(), 200);
    }
}

#[tokio::test]
async fn an_outage_is_told_once_however_long_it_lasts() {
    let logs = Logs::install();
    let gateway = Gateway::start().await;
    let upstream = upstream(&gateway);
    gateway.answer(503);
    // Twenty until it opens, and some to see.
    for _ in 0..24 {
        until_answered(&upstream, 503).await;
    }
    gateway.answer(200);
    for _ in 0..3 {
        until_answered(&upstream, 200).await;
    }
    let told = |name| logs.named(name);
    let opened = told(event::CIRCUIT_OPENED);
    assert_eq!(opened.len(), 1);
    let said = ["upstream", "tries", "failures"].map(|field| opened[0].field(field));
    assert_eq!(said, ["payments", "20", "20"]);
    assert_eq!(told(event::CIRCUIT_REOPENED).len(), 4);
    assert_eq!(told(event::CIRCUIT_CLOSED).len(), 1);
}

#[tokio::test]
async fn thousands_of_calls_reach_an_upstream_that_is_down_a_few_times() {
    let gateway = Gateway::start().await;
    let config = UpstreamConfig {
        circuit_open_seconds: millis(60000),
        ..config(&gateway.url)
    };
    let upstream = Upstream::new("payments", &config).unwrap();
    gateway.answer(503);
    for _ in 0..5_000 {
        let _ = call(&upstream).await;
    }
    assert_eq!(gateway.asked(), 20);
}
