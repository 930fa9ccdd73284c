//! What probes are told, and what they leave behind.

use belvedere_core::{BoxFuture, CheckFailure, HealthCheck};
use serde_json::json;

use crate::harness::{Answer, Service, Setup};

const ENDPOINTS: [&str; 6] = [
    "/health/live",
    "/livez",
    "/health/ready",
    "/readyz",
    "/health/startup",
    "/startupz",
];

#[derive(Debug)]
struct Dependency {
    name: &'static str,
    is_critical: bool,
    works: bool,
}

impl HealthCheck for Dependency {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_critical(&self) -> bool {
        self.is_critical
    }

    fn check(&self) -> BoxFuture<'_, Result<(), CheckFailure>> {
        Box::pin(async {
            let refused = || CheckFailure("connection refused by db-7:5432".into());
            self.works.then_some(()).ok_or_else(refused)
        })
    }
}

/// A started service whose database and Redis work or not.
async fn depending(database: bool, redis: bool) -> Service {
    let dependency = |name, is_critical, works| {
        let dependency = Dependency {
            name,
            is_critical,
            works,
        };
        Box::new(dependency) as Box<dyn HealthCheck>
    };
    let checks = vec![
        dependency("database", true, database),
        dependency("redis", false, redis),
    ];
    let setup = Setup {
        checks,
        ..Setup::default()
    };
    let service = setup.start().await;
    service.health.mark_started();
    service
}

async fn ready(database: bool, redis: bool) -> Answer {
    depending(database, redis).await.get("/health/ready").await
}

#[tokio::test]
async fn a_service_whose_dependencies_work_is_ready() {
    let answer = ready(true, true).await;
    let body = json!({"status": "ready", "checks": {"database": "ok", "redis": "ok"}});
    assert_eq!((answer.status, answer.json()), (200, body));
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_service_without_its_database_is_not_ready_and_tells_no_host() {
    let answer = ready(false, true).await;
    let checks = json!({"database": "error: unavailable", "redis": "ok"});
    let body = json!({"status": "not_ready", "checks": checks});
    assert_eq!((answer.status, answer.json()), (503, body));
}

#[tokio::test]
async fn a_service_without_its_cache_is_degraded_and_takes_traffic() {
    let answer = ready(true, false).await;
    let checks = json!({"database": "ok", "redis": "error: unavailable"});
    let body = json!({"status": "degraded", "checks": checks});
    assert_eq!((answer.status, answer.json()), (200, body));
}

#[tokio::test]
async fn a_service_without_its_database_is_alive_and_started() {
    let service = depending(false, false).await;
    for path in ["/health/live", "/health/startup"] {
        let answer = service.get(path).await;
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({"status": "ok"}))
        );
    }
}

#[tokio::test]
async fn a_service_that_has_not_started_is_alive_and_not_ready() {
    let service = Service::start().await;
    assert_eq!(service.get("/health/live").await.status, 200);
    assert_eq!(service.get("/health/startup").await.status, 503);
    assert_eq!(service.get("/health/ready").await.status, 503);
}

#[tokio::test]
async fn every_endpoint_has_the_alias_that_kubernetes_knows() {
    let service = depending(true, false).await;
    for [name, alias] in ENDPOINTS.as_chunks().0 {
        let (answer, same) = (service.get(name).await, service.get(alias).await);
        assert_eq!((answer.status, answer.json()), (same.status, same.json()));
    }
}

#[tokio::test]
async fn probes_have_a_request_id_and_leave_no_log_line_and_no_span() {
    let service = Service::start().await;
    for path in ENDPOINTS {
        let answer = service.get(path).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
    }
    service.counted(ENDPOINTS.len()).await;
    let bad = service
        .metrics
        .sum("http_requests_total", &[("status", "503")]);
    assert_eq!(bad, 4.0, "some of them failed");
    assert!(service.logs.all().is_empty(), "{:?}", service.logs.all());
    assert!(service.spans.servers().is_empty());
}
