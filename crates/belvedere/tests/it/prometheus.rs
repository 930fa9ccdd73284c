//! A real Prometheus, asked what dashboards and alerts ask it.

use std::time::{Duration, Instant};

use belvedere_testing::{PromSample, Prometheus, TestService, ThrowAwayPostgres};

use crate::helpers::example;

/// The contract's expressions: they return data as they stand.
const EXPRESSIONS: [&str; 5] = [
    "rate(http_requests_total[5m])",
    "rate(http_requests_total{status=~\"5..\"}[5m])",
    "histogram_quantile(0.99, rate(http_request_duration_seconds_bucket[5m]))",
    "http_requests_active",
    "active_database_connections",
];
/// Prometheus has both after a few scrapes.
const SHARE: &str =
    "sum(rate(http_requests_total{status=~\"5..\"}[5m])) / sum(rate(http_requests_total[5m]))";
const WITHOUT_SUM: &str =
    "rate(http_requests_total{status=~\"5..\"}[5m]) / rate(http_requests_total[5m])";
/// Five times what a busy machine needs, and more.
const PATIENCE: Duration = Duration::from_secs(60);
/// Requests of these go on in turn: three of ten fail.
const MIXED: [&str; 10] = [
    "/now", "/fails", "/nowhere", "/now", "/fails", "/ok", "/now", "/fails", "/nowhere", "/now",
];

async fn ask(service: &TestService, path: &str) {
    let caller = service.anonymous();
    let answer = match path {
        "/fails" => caller.post(path, &serde_json::json!("no")).await,
        _ => caller.get(path).await,
    };
    let expected = match path {
        "/fails" => 500,
        "/nowhere" => 404,
        _ => 200,
    };
    assert_eq!(answer.status, expected, "{path}: {}", answer.text());
}

/// Numbers: of what did not happen a rate and a quantile are none.
fn is_data(samples: &[PromSample]) -> bool {
    samples.iter().any(|sample| sample.value.is_finite())
}

async fn has_all(prometheus: &Prometheus) -> Result<(), &'static str> {
    for expression in EXPRESSIONS {
        if !is_data(&prometheus.query(expression).await.unwrap()) {
            return Err(expression);
        }
    }
    Ok(())
}

/// Until each expression returns something, and for as long again: rates need more than two scrapes to be near the truth.
async fn drive(service: &TestService, prometheus: &Prometheus) {
    let began = Instant::now();
    let mut needed = None;
    while needed.is_none_or(|needed| began.elapsed() < 2 * needed) {
        for path in MIXED {
            ask(service, path).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        if needed.is_some() {
            continue;
        }
        match has_all(prometheus).await {
            Ok(()) => needed = Some(began.elapsed()),
            Err(expression) => assert!(began.elapsed() < PATIENCE, "no data: {expression}"),
        }
    }
}

#[tokio::test]
async fn the_contracts_expressions_return_data_from_a_real_prometheus() {
    let postgres = ThrowAwayPostgres::start().unwrap();
    let service = TestService::builder(&example("stored"));
    let service = service.postgres(postgres).start().unwrap();
    let prometheus = Prometheus::start(&[service.admin()]).await.unwrap();
    drive(&service, &prometheus).await;
    let of = async |expression: &str| prometheus.query(expression).await.unwrap();
    for sample in of(EXPRESSIONS[2]).await {
        // Of the other routes nothing happened.
        let p99 = sample.value;
        assert!(p99.is_nan() || (0.0..=10.0).contains(&p99), "{sample:?}");
    }
    assert!(of(EXPRESSIONS[4]).await[0].value >= 1.0);
    let by_status = of(EXPRESSIONS[0]).await;
    for status in ["200", "404", "500"] {
        let has = |sample: &PromSample| sample.labels["status"] == status && sample.value > 0.0;
        assert!(by_status.iter().any(has), "{status}: {by_status:?}");
    }
    let share = of(SHARE).await[0].value;
    assert!((0.2..0.4).contains(&share), "{share}");
    for sample in of(WITHOUT_SUM).await {
        assert_eq!(sample.value, 1.0, "each series is divided by itself");
    }
}
