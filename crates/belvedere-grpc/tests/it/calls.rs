//! Each kind of call, ended in each way, in every signal.

use std::time::Duration;

use opentelemetry::trace::Status;
use tonic::Code;

use crate::harness::{Event, Kind, Service, ask, until};

/// How a call is made to end, and what is told of it.
#[derive(Clone, Copy)]
struct Case {
    end: &'static str,
    /// The caller's, in milliseconds.
    deadline: Option<u64>,
    /// Whether the caller takes it back.
    cancels: bool,
    code: Code,
    label: &'static str,
    outcome: &'static str,
    failed: bool,
    /// How often the failure is told.
    told: usize,
}

const fn case(end: &'static str, code: Code, label: &'static str, outcome: &'static str) -> Case {
    Case {
        end,
        deadline: None,
        cancels: false,
        code,
        label,
        outcome,
        failed: false,
        told: 0,
    }
}

const fn failing(case: Case) -> Case {
    Case {
        failed: true,
        told: 1,
        ..case
    }
}

const fn late(case: Case) -> Case {
    Case {
        deadline: Some(50),
        ..failing(case)
    }
}

const fn cancelled(case: Case) -> Case {
    Case {
        cancels: true,
        ..case
    }
}

/// How every kind may end.
const ENDS: [Case; 6] = [
    case("fine", Code::Ok, "OK", "ok"),
    case("missing", Code::NotFound, "NOT_FOUND", "ok"),
    failing(case("head", Code::Internal, "INTERNAL", "error")),
    failing(case("panic", Code::Internal, "INTERNAL", "panic")),
    late(case(
        "wait",
        Code::DeadlineExceeded,
        "DEADLINE_EXCEEDED",
        "timeout",
    )),
    cancelled(case("wait", Code::Cancelled, "CANCELLED", "client_abort")),
];

/// How a stream may end besides.
const STREAM_ENDS: [Case; 4] = [
    failing(case("trailers", Code::Internal, "INTERNAL", "error")),
    failing(case("panic_later", Code::Internal, "INTERNAL", "panic")),
    late(case(
        "wait_later",
        Code::DeadlineExceeded,
        "DEADLINE_EXCEEDED",
        "timeout",
    )),
    cancelled(case(
        "wait_later",
        Code::Cancelled,
        "CANCELLED",
        "client_abort",
    )),
];

#[tokio::test]
async fn each_kind_of_call_is_told_as_it_ended_in_every_signal() {
    let service = Service::start().await;
    for kind in Kind::ALL {
        for case in &ENDS {
            check(&service, kind, case).await;
        }
        for case in STREAM_ENDS.iter().filter(|_| kind.streams()) {
            check(&service, kind, case).await;
        }
    }
}

async fn check(service: &Service, kind: Kind, case: &Case) {
    let what = format!("{kind:?} {} {}", case.end, case.label);
    let method = format!("{kind:?}");
    let before = (
        service.logs.completed().len(),
        service.logs.exceptions().len(),
        service.counted(&method, case.label),
    );
    call(service, kind, case, &what).await;
    service.completed(before.0 + 1).await;
    until(&what, || service.active() == 0.0).await;

    let completed = service.logs.completed();
    assert_eq!(completed.len(), before.0 + 1, "{what}");
    let record: &Event = completed.last().unwrap();
    assert_eq!(record.field("outcome"), case.outcome, "{what}");
    assert_eq!(record.field("grpc_status"), case.label, "{what}");
    assert_eq!(
        record.of_request("route"),
        format!("probe.v1.Probe/{method}")
    );
    let told = service.logs.exceptions().len() - before.1;
    assert_eq!(told, case.told, "{what}");
    assert_eq!(
        service.counted(&method, case.label),
        before.2 + 1.0,
        "{what}"
    );
    let span = service.servers().pop().unwrap();
    assert_eq!(span.name, format!("probe.v1.Probe/{method}"), "{what}");
    assert_eq!(
        span.get("rpc.grpc.status_code"),
        Some(&*(case.code as i32).to_string()),
        "{what}"
    );
    assert_eq!(
        matches!(span.status, Status::Error { .. }),
        case.failed,
        "{what}"
    );
    let error = span.get("error.type").unwrap_or("none");
    assert!(error.ends_with(error_type(case)), "{what}: {error}");
}

/// The end of the `error.type` of a span, of which one that is none has nothing.
fn error_type(case: &Case) -> &'static str {
    match case.outcome {
        "client_abort" => "client_disconnect",
        "error" => "Broken",
        "ok" => "none",
        outcome => outcome,
    }
}

async fn call(service: &Service, kind: Kind, case: &Case, what: &str) {
    let mut request = ask(case.end);
    if let Some(millis) = case.deadline {
        request.set_timeout(Duration::from_millis(millis));
    }
    let call = service.client.call(kind, request);
    if case.cancels {
        tokio::select! {
            _ = call => panic!("{what}: it has ended"),
            () = service.running(1) => {}
        }
        return;
    }
    match call.await {
        Ok((texts, _)) => {
            assert_eq!(case.code, Code::Ok, "{what}");
            assert_eq!(texts.last().map(String::as_str), Some(case.end), "{what}");
        }
        Err(status) => assert_eq!(status.code(), case.code, "{what}: {status:?}"),
    }
}

#[tokio::test]
async fn a_failure_in_the_middle_of_a_stream_is_told_with_the_error_behind_it() {
    let service = Service::start().await;
    let failed = service.client.ask(Kind::Download, "trailers").await;
    assert!(failed.is_err());
    service.completed(1).await;
    let told = service.logs.exceptions();
    assert!(told[0].field("exc_type").ends_with("Broken"), "{told:?}");
    assert_eq!(told[0].field("exc_message"), "the shelf is broken");
    assert_eq!(told[0].field("error"), "shelf_broken");
}

#[tokio::test]
async fn a_call_that_ends_without_a_status_has_failed_in_every_signal() {
    let service = Service::start().await;
    for (before, part) in ["status", "trailers", "body"].into_iter().enumerate() {
        let mut request = ask("fine");
        request
            .metadata_mut()
            .insert("without", part.parse().unwrap());
        let failed = service.client.call(Kind::Download, request).await;
        assert_eq!(failed.unwrap_err().code(), Code::Unknown, "{part}");
        service.completed(before + 1).await;
        let record = service.logs.completed().pop().unwrap();
        assert_eq!(record.field("grpc_status"), "UNKNOWN", "{part}");
        assert_eq!(record.field("outcome"), "error", "{part}");
        let counted = service.counted("Download", "UNKNOWN");
        assert_eq!(counted, (before + 1) as f64, "{part}");
        until("its span", || service.servers().len() > before).await;
        let span = service.servers().pop().unwrap();
        assert_eq!(span.get("rpc.grpc.status_code"), Some("2"), "{part}");
        assert!(matches!(span.status, Status::Error { .. }), "{part}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_has_failed_in_every_signal() {
    let service = Service::start().await;
    let mut request = ask("fine");
    let without = "rest".parse().unwrap();
    request.metadata_mut().insert("without", without);
    assert!(service.client.call(Kind::Download, request).await.is_err());
    service.completed(1).await;
    let record = &service.logs.completed()[0];
    assert_eq!(record.field("grpc_status"), "INTERNAL");
    assert_eq!(record.field("outcome"), "error");
    let told = service.logs.exceptions();
    assert_eq!(told[0].field("exc_type"), "response_body");
    assert_eq!(service.counted("Download", "INTERNAL"), 1.0);
}

#[tokio::test]
async fn a_panic_is_counted_by_where_it_happened() {
    let service = Service::start().await;
    for (kind, end, place) in [
        (Kind::Unary, "panic", "handler"),
        (Kind::Download, "panic_later", "body"),
    ] {
        service.client.ask(kind, end).await.unwrap_err();
        let counted = service.metrics.sum("panics_total", &[("where", place)]);
        assert_eq!(counted, 1.0, "{place}");
    }
}
