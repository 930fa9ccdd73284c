//! `grpc.health.v1` and reflection: answered, and not told.

use belvedere_core::{BoxFuture, CheckFailure, HealthCheck};
use tonic::{Code, Status};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::harness::{Service, Setup, in_time};

/// A dependency that is down.
#[derive(Debug)]
struct Down;

impl HealthCheck for Down {
    fn name(&self) -> &'static str {
        "shelf"
    }

    fn check(&self) -> BoxFuture<'_, Result<(), CheckFailure>> {
        Box::pin(async { Err(CheckFailure("it is".into())) })
    }
}

async fn asked(service: &Service, name: &str) -> Result<ServingStatus, Status> {
    let channel = tonic::transport::Endpoint::try_from(format!("http://{}", service.addr));
    let mut client = HealthClient::new(channel.unwrap().connect_lazy());
    let request = HealthCheckRequest {
        service: name.to_owned(),
    };
    let answered = client.check(request).await?;
    Ok(answered.into_inner().status())
}

#[tokio::test]
async fn health_tells_of_every_service_what_readiness_does() {
    let service = Service::start().await;
    for name in ["", "probe.v1.Probe"] {
        assert_eq!(asked(&service, name).await.unwrap(), ServingStatus::Serving);
    }
    let unknown = asked(&service, "made.up").await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    service.shutdown.drain();
    assert_eq!(
        asked(&service, "").await.unwrap(),
        ServingStatus::NotServing
    );
    assert!(service.logs.completed().is_empty());
    assert!(service.servers().is_empty());
    assert_eq!(service.metrics.sum("slo_requests_total", &[]), 0.0);
    assert_eq!(service.counted("Check", "OK"), 3.0);
}

#[tokio::test]
async fn a_service_whose_dependency_is_down_is_not_serving() {
    let setup = Setup {
        checks: vec![Box::new(Down)],
        ..Setup::default()
    };
    let service = setup.start().await;
    assert_eq!(
        asked(&service, "").await.unwrap(),
        ServingStatus::NotServing
    );
}

#[tokio::test]
async fn who_watches_hears_of_the_end_and_does_not_hold_it_up() {
    let mut service = Service::start().await;
    let channel = tonic::transport::Endpoint::try_from(format!("http://{}", service.addr));
    let mut client = HealthClient::new(channel.unwrap().connect_lazy());
    let watched = client.watch(HealthCheckRequest::default()).await.unwrap();
    let mut statuses = watched.into_inner();
    let mut heard = Vec::new();
    heard.push(statuses.message().await.unwrap().unwrap().status());
    service.shutdown.drain();
    heard.push(
        in_time("the drain", statuses.message())
            .await
            .unwrap()
            .unwrap()
            .status(),
    );
    assert_eq!(heard, [ServingStatus::Serving, ServingStatus::NotServing]);
    service.shutdown.stop();
    assert!(
        in_time("the end", statuses.message())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(service.ended().await, 0);
}

#[tokio::test]
async fn reflection_lists_what_is_served() {
    let service = Service::start().await;
    let channel = tonic::transport::Endpoint::try_from(format!("http://{}", service.addr));
    let mut client = ServerReflectionClient::new(channel.unwrap().connect_lazy());
    let question = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let asked = futures_util::stream::iter([question]);
    let answered = client.server_reflection_info(asked).await.unwrap();
    let answer = answered.into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(listed)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let names: Vec<_> = listed
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    assert!(names.contains(&"probe.v1.Probe".to_owned()), "{names:?}");
    assert!(
        names.contains(&"grpc.health.v1.Health".to_owned()),
        "{names:?}"
    );
}
