use std::{num::NonZeroU32, time::Duration};

use axum::{Router, routing::get};
use belvedere_core::{Quota, RateKey, RateStore, Rated, Taken, TrustedPeers};
use belvedere_http::{Callers, HttpConfig, InProcess, RateLimit, RequireCaller, rate_limits};

use crate::harness::{Answer, Service, Setup};

/// At once; then one a second, so that a slow machine sees some more of them, but never all of ten.
const BURST: u32 = 5;

fn quota() -> Quota {
    Quota {
        per_second: NonZeroU32::MIN,
        burst: NonZeroU32::new(BURST).unwrap(),
    }
}

fn routes() -> Router {
    Router::new().route("/ok", get(|| async { "hello" }))
}

async fn serve(routes: Router) -> Service {
    let setup = Setup {
        routes,
        ..Setup::default()
    };
    setup.start().await
}

async fn by_address(proxies: &str) -> Service {
    let limit = RateLimit::by_address(InProcess::by_address(quota()), proxies.parse().unwrap());
    serve(routes().layer(limit)).await
}

async fn by_principal() -> Service {
    let limit = RateLimit::by_principal(InProcess::by_principal(quota()));
    serve(routes().layer((RequireCaller::new(Callers::by_headers()), limit))).await
}

async fn ask(service: &Service, lines: &str) -> Answer {
    service.ask("GET", "/ok", lines, "").await
}

/// How many of ten go through.
async fn through(service: &Service, lines: &str) -> usize {
    let mut through = 0;
    for _ in 0..10 {
        through += usize::from(ask(service, lines).await.status == 200);
    }
    through
}

#[tokio::test]
async fn who_comes_too_often_is_told_when_to_come_again() {
    let service = by_address("").await;
    let mut last = ask(&service, "").await;
    for _ in 0..50 {
        if last.status == 200 {
            last = ask(&service, "").await;
        }
    }
    assert_eq!(
        (last.status, last.json()["error"].as_str()),
        (429, Some("too_many_requests"))
    );
    assert_eq!(last.header("content-type"), "application/problem+json");
    for (name, value) in [
        ("retry-after", "1"),
        ("ratelimit-limit", "1"),
        ("ratelimit-remaining", "0"),
        ("ratelimit-reset", "1"),
        ("ratelimit-policy", "1;w=1;burst=5"),
    ] {
        assert_eq!(last.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn each_refused_request_leaves_its_one_record() {
    let service = by_address("").await;
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(ask(&service, "").await.status.to_string());
    }
    service.counted(20).await;
    let told = service.logs.completed();
    let told: Vec<_> = told
        .iter()
        .map(|line| line.field("status_code").to_owned())
        .collect();
    assert_eq!(told, statuses);
    let refused = statuses.iter().filter(|status| *status == "429").count();
    assert!(refused >= 10, "{statuses:?}");
    let labels = [("status", "429"), ("path", "/ok")];
    assert_eq!(
        service.metrics.sum("http_requests_total", &labels),
        refused as f64
    );
    assert!(service.logs.exceptions().is_empty());
}

#[tokio::test]
async fn nobody_gets_another_address_by_writing_one_into_a_header() {
    let service = by_address("").await;
    let mut through = 0;
    for n in 0..50 {
        let lines = format!(
            "x-forwarded-for: 192.0.2.{n}\r\nx-real-ip: 192.0.2.{n}\r\nforwarded: for=192.0.2.{n}\r\n"
        );
        through += usize::from(ask(&service, &lines).await.status == 200);
    }
    assert!((5..40).contains(&through), "{through}");
}

#[tokio::test]
async fn behind_a_proxy_each_of_its_callers_has_a_quota() {
    let service = by_address("127.0.0.0/8").await;
    for caller in [
        "192.0.2.1",
        "192.0.2.2",
        "2001:db8:0:1::1",
        "2001:db8:0:2::1",
    ] {
        let forged = format!("x-forwarded-for: 1.1.1.1, {caller}\r\n");
        assert!(through(&service, &forged).await < 10, "{caller}");
    }
    let neighbour = "x-forwarded-for: 2001:db8:0:1:ffff::9\r\n";
    assert!(
        through(&service, neighbour).await <= 1,
        "a /64 is one caller"
    );
}

#[tokio::test]
async fn a_user_of_a_tenant_has_a_quota_wherever_it_comes_from() {
    let service = by_principal().await;
    let ada = "x-tenant-id: acme\r\nx-user-id: ada\r\n";
    assert!(through(&service, ada).await < 10);
    assert!(ask(&service, ada).await.status == 429 || ask(&service, ada).await.status == 429);
    for other in [
        "x-tenant-id: acme\r\nx-user-id: bob\r\n",
        "x-tenant-id: umbrella\r\nx-user-id: ada\r\n",
        "x-tenant-id: acme\r\n",
    ] {
        assert_eq!(ask(&service, other).await.status, 200, "{other}");
    }
    assert_eq!(ask(&service, "").await.status, 401, "nobody has none");
    let refused = service.logs.completed();
    let refused = refused
        .iter()
        .find(|line| line.field("status_code") == "429");
    assert_eq!(refused.unwrap().of_request("user_id"), "ada");
}

#[tokio::test]
async fn probes_are_never_too_many() {
    let service = by_address("").await;
    for _ in 0..50 {
        assert_eq!(service.get("/health/live").await.status, 200);
    }
    assert_eq!(ask(&service, "").await.status, 200);
}

#[tokio::test]
async fn what_is_not_set_is_no_limit() {
    let (by_ip, by_principal) = rate_limits(&HttpConfig::default());
    assert!(by_ip.is_none() && by_principal.is_none());
    let config = HttpConfig {
        rate_limit_per_ip: 100_001,
        rate_limit_per_principal_burst: 1_000_001,
        ..HttpConfig::default()
    };
    let told = config.check().unwrap_err().to_string();
    for place in [
        "HTTP__RATE_LIMIT_PER_IP:",
        "HTTP__RATE_LIMIT_PER_PRINCIPAL_BURST:",
    ] {
        assert!(told.contains(place), "{told}");
    }
}

/// As one that replicas share: its answers have to travel.
#[derive(Debug)]
struct Elsewhere(InProcess);

impl RateStore for Elsewhere {
    fn quota(&self) -> Quota {
        self.0.quota()
    }

    fn take(&self, key: RateKey<'_>, cost: NonZeroU32) -> Taken {
        let taken = self.0.take(key, cost);
        Taken::Later(Box::pin(async move {
            tokio::task::yield_now().await;
            match taken {
                Taken::Now(rated) => rated,
                Taken::Later(rated) => rated.await,
            }
        }))
    }
}

#[tokio::test]
async fn an_answer_that_has_to_travel_is_waited_for() {
    let store = Elsewhere(InProcess::by_address(quota()));
    let limit = RateLimit::by_address(store, TrustedPeers::none());
    let service = serve(routes().layer(limit)).await;
    let through = through(&service, "").await;
    assert!((5..10).contains(&through), "{through}");
    let rated = Rated {
        is_allowed: true,
        remaining: 4,
        reset: Duration::from_secs(1),
    };
    let fresh = InProcess::by_address(quota())
        .take(RateKey::of_address([1, 1, 1, 1].into()), NonZeroU32::MIN);
    assert!(
        matches!(fresh, Taken::Now(first) if first.remaining == rated.remaining && first.is_allowed)
    );
}
