//! More requests at once than there are places for.

use belvedere_http::HttpConfig;

use crate::harness::{Answer, Http2, Service, Setup, Wire, http, in_time, routes, until};

const PLACES: usize = 3;

async fn service() -> Service {
    let setup = Setup {
        routes: routes(),
        http: HttpConfig {
            max_concurrent_requests: PLACES as u32,
            ..http()
        },
        ..Setup::default()
    };
    setup.start().await
}

/// Takes all places, until what is returned is dropped.
async fn crowd(service: &Service) -> Vec<Wire> {
    let mut crowd = Vec::new();
    for _ in 0..PLACES {
        let mut wire = service.connect().await;
        wire.say("GET /hang HTTP/1.1\r\nhost: test\r\n\r\n").await;
        crowd.push(wire);
    }
    service.running(PLACES).await;
    crowd
}

fn assert_shed(answer: &Answer) {
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["error"], "overloaded");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn one_request_too_many_is_told_to_come_again() {
    let service = service().await;
    let crowd = crowd(&service).await;
    assert_shed(&service.get("/ok").await);
    assert_shed(&service.get("/nowhere").await);
    assert_shed(&Http2::open(service.addr).await.get("/ok").await);
    drop(crowd);
    until("free places", || service.active() == 0.0).await;
    assert_eq!(service.get("/ok").await.status, 200);
}

#[tokio::test]
async fn as_many_as_there_are_places_for_are_answered() {
    let service = service().await;
    let mut crowd = crowd(&service).await;
    crowd.pop();
    until("a free place", || service.active() < PLACES as f64).await;
    assert_eq!(service.get("/ok").await.status, 200);
}

#[tokio::test]
async fn probes_are_never_shed() {
    let service = service().await;
    let _crowd = crowd(&service).await;
    assert_eq!(service.get("/health/live").await.status, 200);
}

#[tokio::test]
async fn who_is_shed_leaves_one_record_and_no_exception() {
    let mut service = service().await;
    let crowd = crowd(&service).await;
    for _ in 0..10 {
        assert_shed(&service.get("/ok").await);
    }
    drop(crowd);
    service.counted(PLACES + 10).await;
    service.shutdown.stop();
    service.ended().await;
    let mut shed = service.logs.completed();
    shed.retain(|line| line.field("error") == "overloaded");
    assert_eq!(shed.len(), 10);
    for line in shed {
        assert_eq!(line.field("status_code"), "503");
        assert_eq!(line.field("outcome"), "error");
    }
    let counted = service
        .metrics
        .sum("http_requests_total", &[("status", "503")]);
    assert_eq!(counted, 10.0);
    assert_eq!(service.logs.exceptions().len(), 0);
    assert_eq!(service.active(), 0.0);
}

#[tokio::test]
async fn an_answer_that_is_still_being_sent_holds_no_place() {
    let service = service().await;
    let mut streams = Vec::new();
    for _ in 0..PLACES {
        let mut wire = service.connect().await;
        wire.say("GET /endless HTTP/1.1\r\nhost: test\r\n\r\n")
            .await;
        in_time("the begin", wire.hear("begin")).await;
        streams.push(wire);
    }
    assert_eq!(service.get("/ok").await.status, 200);
}
