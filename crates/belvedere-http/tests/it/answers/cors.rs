use belvedere_http::HttpConfig;

use super::assert_secured;
use crate::harness::{Answer, Service, Setup, http};

const SHOP: &str = "https://shop.example";
const ALLOWED: &str = "access-control-allow-origin";

async fn service(cors_origins: &[&str]) -> Service {
    let setup = Setup {
        http: HttpConfig {
            cors_origins: cors_origins.iter().map(ToString::to_string).collect(),
            max_concurrent_requests: 1,
            ..http()
        },
        ..Setup::default()
    };
    setup.start().await
}

async fn ask_from(service: &Service, origin: &str, path: &str) -> Answer {
    let line = format!("origin: {origin}\r\n");
    service.ask("GET", path, &line, "").await
}

async fn preflight(service: &Service, path: &str) -> Answer {
    let lines = format!(
        "origin: {SHOP}\r\naccess-control-request-method: PUT\r\naccess-control-request-headers: x-tenant-id\r\n"
    );
    service.ask("OPTIONS", path, &lines, "").await
}

#[tokio::test]
async fn pages_of_other_origins_may_not_call_unless_it_is_said() {
    let service = service(&[]).await;
    let answer = ask_from(&service, SHOP, "/ok").await;
    assert_eq!((answer.status, answer.header(ALLOWED)), (200, ""));
    assert_eq!(preflight(&service, "/ok").await.status, 405);
}

#[tokio::test]
async fn pages_of_named_origins_may_call_and_those_of_others_may_not() {
    let service = service(&[SHOP]).await;
    assert_eq!(ask_from(&service, SHOP, "/ok").await.header(ALLOWED), SHOP);
    let other = ask_from(&service, "https://evil.example", "/ok").await;
    assert_eq!(other.header(ALLOWED), "");
}

#[tokio::test]
async fn a_preflight_is_answered_by_itself() {
    let service = service(&[SHOP]).await;
    let answer = preflight(&service, "/things/1").await;
    assert_eq!((answer.status, answer.header(ALLOWED)), (200, SHOP));
    assert_eq!(answer.header("access-control-allow-methods"), "PUT");
    assert_eq!(answer.header("access-control-allow-headers"), "x-tenant-id");
    assert_secured(&answer, "a preflight");
    assert_eq!(service.sole_record().await.summary(), ("ok", 200, 0));
}

#[tokio::test]
async fn a_page_can_read_why_it_was_refused() {
    let service = service(&[SHOP]).await;
    let mut waiting = service.connect().await;
    waiting
        .say("GET /hang HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    service.running(1).await;
    let shed = ask_from(&service, SHOP, "/ok").await;
    assert_eq!((shed.status, shed.header(ALLOWED)), (503, SHOP));
    assert!(
        shed.header("access-control-expose-headers")
            .contains("retry-after")
    );
    assert_secured(&shed, "a shed request");
}
