//! The caller's trace, and what is told back.

use belvedere_core::propagation::Propagation;
use belvedere_grpc::RpcConventions;
use serde_json::json;

use crate::harness::{Kind, Service, Setup, ask};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

async fn called_with(service: &Service, metadata: &[(&'static str, String)]) -> String {
    let mut request = ask("who");
    for (name, value) in metadata {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    let (texts, told) = service.client.call(Kind::Unary, request).await.unwrap();
    let id = told.get("x-request-id").unwrap().to_str().unwrap();
    assert_eq!(texts[0].split(' ').nth(1), Some(id));
    texts[0].split(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_callers_trace_is_continued_from_metadata() {
    let service = Service::start().await;
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let metadata = [
        ("traceparent", parent),
        ("x-request-id", "callers-own-id".to_owned()),
    ];
    assert_eq!(called_with(&service, &metadata).await, TRACE);
    service.completed(1).await;
    let span = &service.servers()[0];
    assert_eq!(span.trace_id.to_string(), TRACE);
    assert_eq!(span.parent.unwrap().span_id.to_string(), SPAN);
    assert_eq!(
        service.logs.completed()[0].of_request("request_id"),
        "callers-own-id"
    );
}

#[tokio::test]
async fn a_trace_in_b3_headers_is_continued_where_they_are_read() {
    let propagators = serde_json::from_value(json!("b3")).unwrap();
    let setup = Setup {
        propagation: Propagation {
            propagators,
            ..Propagation::default()
        },
        ..Setup::default()
    };
    let service = setup.start().await;
    let b3 = format!("{TRACE}-{SPAN}-1");
    assert_eq!(called_with(&service, &[("b3", b3)]).await, TRACE);
}

#[tokio::test]
async fn a_call_whose_head_is_not_sampled_is_kept_when_it_fails() {
    let setup = Setup {
        ratio: 0.0,
        ..Setup::default()
    };
    let service = setup.start().await;
    assert!(service.client.ask(Kind::Unary, "fine").await.is_ok());
    assert!(service.client.ask(Kind::Unary, "head").await.is_err());
    service.completed(2).await;
    let spans = service.servers();
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert_eq!(spans[0].get("rpc.grpc.status_code"), Some("13"));
}

#[tokio::test]
async fn newer_names_are_used_where_they_are_asked_for() {
    let setup = Setup {
        conventions: RpcConventions::from_list("rpc"),
        ..Setup::default()
    };
    let service = setup.start().await;
    assert!(service.client.ask(Kind::Unary, "missing").await.is_err());
    service.completed(1).await;
    let span = &service.servers()[0];
    assert_eq!(span.get("rpc.system.name"), Some("grpc"));
    assert_eq!(span.get("rpc.method"), Some("probe.v1.Probe/Unary"));
    assert_eq!(span.get("rpc.response.status_code"), Some("NOT_FOUND"));
    assert_eq!(span.get("rpc.system"), None);
}
