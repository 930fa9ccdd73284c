//! The listener of calls: what it serves beside them, and what of it is set.

use std::time::Duration;

use belvedere_testing::{TestService, TestServiceBuilder};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::{Client, Number, client, find, in_time, shelf, wanted, watch};

/// What `grpc.health.v1` says, which is a number in its answer's first field.
const SERVING: i64 = 1;
const NOT_SERVING: i64 = 2;

const CHECK: &str = "/grpc.health.v1.Health/Check";

/// The answer to a request that says nothing, if `value` is 0; any other means nothing to who is asked.
async fn ask(client: &mut Client, path: &'static str, value: i64) -> Result<i64, Status> {
    let codec = ProstCodec::<Number, Number>::default();
    client.ready().await.unwrap();
    let asked = Request::new(Number { value });
    let answered = client.unary(asked, path.parse().unwrap(), codec).await?;
    Ok(answered.into_inner().value)
}

#[tokio::test]
async fn whether_it_is_ready_is_told_to_anybody_and_stands_in_no_log_trace_or_objective() {
    let service = shelf().variable("SHUTDOWN__DRAIN_SECONDS", "60");
    let service = service.start().unwrap();
    let mut client = client(&service).await;
    assert_eq!(ask(&mut client, CHECK, 0).await.unwrap(), SERVING);
    assert!(ask(&mut client, CHECK, 1).await.is_err());
    let counted = r#"method="Check",package="grpc.health.v1",service="Health",status_code="OK"} 1"#;
    service.metric(counted).await;
    assert_eq!(find(&mut client, wanted(1)).await.unwrap(), 2);
    let good = r#"slo_requests_total{outcome="good",slo="availability"} 1"#;
    service.metric(&format!("{good}\n")).await;
    let completed = |line: &Value| line["message"] == "request_completed";
    let line = service.line(completed).await;
    assert_eq!(line["route"], "shelf.v1.Shelf/Find");
    let told = service.lines();
    assert!(
        told.iter()
            .all(|line| line["message"] != "unhandled_exception")
    );
    service.trace(line["trace_id"].as_str().unwrap()).await;
    let spans = service.otlp().spans();
    assert!(spans.iter().all(|span| !span.name.contains("Health")));
    service.terminate().unwrap();
    let draining = |line: &Value| line["message"] == "application_draining";
    service.line(draining).await;
    // The connection before was told to go, and may hear of it just then.
    let mut other = super::client(&service).await;
    assert_eq!(ask(&mut other, CHECK, 0).await.unwrap(), NOT_SERVING);
}

/// Whether anybody is told what there is to call.
async fn reflects(service: TestServiceBuilder) -> bool {
    let service = service.start().unwrap();
    let mut client = client(&service).await;
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    ask(&mut client, path, 0).await.unwrap_err().code() != Code::Unimplemented
}

#[tokio::test]
async fn reflection_is_served_in_development_or_where_it_is_asked_for() {
    let elsewhere = || {
        let service = shelf().variable("AUTH__TRUSTED_HEADERS", "true");
        service.variable("ENVIRONMENT", "production")
    };
    assert!(reflects(shelf()).await);
    assert!(!reflects(shelf().variable("GRPC__REFLECTION", "false")).await);
    assert!(!reflects(elsewhere()).await);
    assert!(reflects(elsewhere().variable("GRPC__REFLECTION", "true")).await);
}

#[tokio::test]
async fn an_old_connection_is_left_for_another_one_and_its_stream_goes_on() {
    let service = shelf().variable("GRPC__MAX_CONNECTION_AGE_SECONDS", "1");
    let service = service.start().unwrap();
    let mut client = client(&service).await;
    let mut numbers = watch(&mut client).await;
    let patience = Instant::now() + Duration::from_secs(30);
    while !service
        .metrics()
        .await
        .contains("grpc_active_connections 2")
    {
        assert!(Instant::now() < patience, "it never gets old");
        // tonic's own client fails the call by which it finds out that it was told to go.
        let _ = find(&mut client, wanted(1)).await;
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(find(&mut client, wanted(1)).await.unwrap(), 2);
    let open = timeout(Duration::from_millis(100), numbers.message()).await;
    assert!(open.is_err(), "{open:?}");
}

async fn called(service: &TestService) -> i64 {
    let mut client = client(service).await;
    find(&mut client, wanted(1)).await.unwrap()
}

#[tokio::test]
async fn connections_have_so_many_places_and_more_wait_for_one() {
    let service = shelf().variable("GRPC__MAX_CONNECTIONS", "1");
    let service = service.start().unwrap();
    let mut first = client(&service).await;
    assert_eq!(find(&mut first, wanted(1)).await.unwrap(), 2);
    let second = timeout(Duration::from_secs(1), called(&service)).await;
    assert!(second.is_err(), "{second:?}");
    drop(first);
    assert_eq!(in_time(called(&service)).await, 2);
}
