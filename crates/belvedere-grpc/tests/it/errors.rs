//! What a caller is told of a failure.

use std::time::Duration;

use belvedere_core::{config::Seconds, spawn};
use belvedere_grpc::GrpcConfig;
use belvedere_http::Problem;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::harness::{Kind, Service, Setup, ask, in_time, until};

async fn failed(service: &Service, end: &str) -> Status {
    service.client.ask(Kind::Unary, end).await.unwrap_err()
}

/// What log and metadata call the only call so far.
fn trace_of(service: &Service) -> (String, String) {
    let completed = service.logs.completed();
    let ids = ["trace_id", "request_id"].map(|id| completed[0].of_request(id).to_owned());
    ids.into()
}

#[tokio::test]
async fn a_failure_names_its_code_its_request_and_its_trace() {
    let service = Service::start().await;
    let status = failed(&service, "missing").await;
    service.completed(1).await;
    let (trace_id, request_id) = trace_of(&service);
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(
        status.message(),
        format!("no such order [trace {trace_id}]")
    );
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(
        (&*info.reason, &*info.domain),
        ("order_not_found", "probe.v1.Probe")
    );
    assert_eq!(info.metadata["trace_id"], trace_id);
    assert_eq!(details.request_info().unwrap().request_id, request_id);
    assert_eq!(
        service.logs.completed()[0].field("error"),
        "order_not_found"
    );
}

#[tokio::test]
async fn each_field_that_is_wrong_is_a_violation() {
    let service = Service::start().await;
    let status = failed(&service, "invalid").await;
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].field, "quantity");
    assert_eq!(violations[0].description, "is not positive");
}

#[tokio::test]
async fn a_failure_of_ours_says_nothing_of_our_inside() {
    let service = Service::start().await;
    for (end, reason) in [
        ("head", "shelf_broken"),
        ("raw", "internal"),
        ("panic", "internal_server_error"),
    ] {
        let status = failed(&service, end).await;
        assert_eq!(status.code(), Code::Internal);
        assert!(
            status.message().starts_with(&format!("{reason} [trace ")),
            "{status:?}"
        );
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, reason);
        assert!(details.request_info().is_some());
    }
    service.completed(3).await;
    // What is not told to the caller is told to the operator, where redaction sees it.
    let told = service.logs.exceptions();
    assert_eq!(told[1].field("exc_message"), "password=hunter2 is wrong");
}

#[tokio::test]
async fn a_call_that_finds_no_place_is_told_to_come_again() {
    let setup = Setup {
        config: GrpcConfig {
            max_concurrent_calls: 1,
            ..GrpcConfig::default()
        },
        ..Setup::default()
    };
    let service = setup.start().await;
    let open = service.client.ask(Kind::Download, "wait_later");
    let refused = async {
        service.running(1).await;
        let refused = || service.client.ask(Kind::Unary, "fine");
        let mut status = refused().await;
        while status.is_ok() {
            status = refused().await;
        }
        status.unwrap_err()
    };
    let status = tokio::select! {
        _ = open => unreachable!("nobody ends it"),
        status = refused => status,
    };
    assert_eq!(status.code(), Code::Unavailable);
    let details = status.get_error_details();
    let after = details.retry_info().unwrap().retry_delay;
    assert_eq!(after, Some(Duration::from_secs(1)));
    until("the stream's place is free", || service.active() == 0.0).await;
    assert!(service.client.ask(Kind::Unary, "fine").await.is_ok());
}

#[tokio::test]
async fn a_head_is_waited_for_as_long_as_is_set_and_a_stream_that_has_begun_goes_on() {
    let setup = Setup {
        config: GrpcConfig {
            timeout_seconds: Seconds::new(1),
            ..GrpcConfig::default()
        },
        ..Setup::default()
    };
    let service = setup.start().await;
    let client = service.client.clone();
    let open = spawn(async move { client.ask(Kind::Download, "wait_later").await });
    service.running(1).await;
    let mut patient = ask("wait");
    patient.set_timeout(Duration::from_secs(600));
    for request in [ask("wait"), patient] {
        let call = service.client.call(Kind::Unary, request);
        let late = in_time("its time", call).await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded);
    }
    service.completed(2).await;
    assert_eq!(service.active(), 1.0);
    drop(open);
}

#[tokio::test]
async fn a_message_that_is_too_large_is_its_callers_mistake() {
    let service = Service::start().await;
    let refused = failed(&service, &"x".repeat(5 * 1024 * 1024)).await;
    assert_eq!(refused.code(), Code::OutOfRange);
    assert!(refused.message().contains("[trace "), "{refused:?}");
    service.completed(1).await;
    assert_eq!(service.logs.completed()[0].field("outcome"), "ok");
}

#[tokio::test]
async fn a_caller_that_is_not_known_is_refused_in_grpc() {
    let setup = Setup {
        guarded: true,
        ..Setup::default()
    };
    let service = setup.start().await;
    let refused = service.client.ask(Kind::Unary, "who").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(
        refused.get_error_details().error_info().unwrap().reason,
        "unauthorized"
    );
    let mut request = ask("who");
    request
        .metadata_mut()
        .insert("x-tenant-id", "acme".parse().unwrap());
    request
        .metadata_mut()
        .insert("x-user-id", "ada".parse().unwrap());
    let (texts, _) = service.client.call(Kind::Unary, request).await.unwrap();
    assert!(texts[0].ends_with(" acme ada"), "{texts:?}");
    service.completed(2).await;
    let completed = service.logs.completed();
    assert_eq!(completed[1].of_request("tenant_id"), "acme");
    assert_eq!(completed[1].of_request("user_id"), "ada");
    let span = service.servers().pop().unwrap();
    let wanted = [
        ("tenant_id", "acme"),
        ("user_id", "ada"),
        ("client.address", "127.0.0.1"),
        ("request_id", completed[1].of_request("request_id")),
    ];
    for (key, value) in wanted {
        assert_eq!(span.get(key), Some(value), "{key}");
    }
}

#[tokio::test]
async fn that_a_service_is_not_there_is_told_to_anybody() {
    let setup = Setup {
        guarded: true,
        ..Setup::default()
    };
    let service = setup.start().await;
    for path in ["/probe.v1.Other/Unary", "/probe.v1.Prob/Unary", "/up"] {
        let refused = service.client.unary_at(path).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unimplemented, "{path}");
        assert!(refused.message().contains("[trace "), "{refused:?}");
    }
    let unknown = service.client.unary_at("/probe.v1.Probe/Made").await;
    assert_eq!(unknown.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn statuses_and_http_statuses_say_the_same() {
    for (problem, code) in [
        (Problem::bad_request("bad"), Code::InvalidArgument),
        (Problem::unauthorized(), Code::Unauthenticated),
        (Problem::not_found("gone"), Code::NotFound),
        (Problem::internal(std::fmt::Error), Code::Internal),
    ] {
        assert_eq!(belvedere_grpc::status(problem).code(), code);
    }
}
