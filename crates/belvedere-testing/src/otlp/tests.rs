use super::*;
use std::collections::VecDeque;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, span::SpanKind};
use opentelemetry_proto::tonic::trace::v1::{ScopeSpans, Status as SpanStatus};
use prost::Message as _;

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn span(id: u8, parent: &[u8], name: &str) -> Span {
    Span {
        trace_id: vec![0xab; 16],
        span_id: vec![id; 8],
        parent_span_id: parent.to_vec(),
        name: name.to_owned(),
        kind: SpanKind::Server.into(),
        start_time_unix_nano: u64::from(id) * 1_000_000,
        end_time_unix_nano: 9_500_000,
        attributes: vec![attribute("http.response.status_code", Value::IntValue(201))],
        status: Some(SpanStatus {
            code: 2,
            ..SpanStatus::default()
        }),
        ..Span::default()
    }
}

fn request() -> ExportTraceServiceRequest {
    let spans = vec![
        span(3, &[2; 8], "INSERT orders"),
        span(1, &[], "POST /v1/orders"),
        span(2, &[1; 8], "process_order"),
    ];
    let resource = Resource {
        attributes: vec![attribute(
            "service.name",
            Value::StringValue("shop".to_owned()),
        )],
        ..Resource::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn export(endpoint: String) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let mut client = TraceServiceClient::connect(endpoint).await.unwrap();
        client.export(request()).await.unwrap();
    });
}

#[test]
fn a_batch_sent_over_the_socket_is_kept_and_drawn() {
    let sink = OtlpSink::start().unwrap();
    export(sink.endpoint());
    let found = sink.wait_for(|span| span.name == "process_order", Duration::from_secs(5));
    let found = found.unwrap();
    assert_eq!(found.trace_id, "ab".repeat(16));
    assert_eq!(found.parent_span_id, "01".repeat(8));
    assert_eq!(found.attributes["http.response.status_code"], "201");
    assert_eq!(found.resource["service.name"], "shop");
    assert_eq!((found.kind, found.status_code), ("server", 2));
    let tree = sink.tree(&found.trace_id);
    assert_eq!(tree.lines().count(), 3, "{tree}");
    assert!(tree.starts_with("POST /v1/orders "), "{tree}");
    assert!(tree.contains("\n└─ process_order "), "{tree}");
    assert!(tree.contains("\n   └─ INSERT orders "), "{tree}");
    assert!(tree.contains(" 8.500 ms  server  ERROR"), "{tree}");
}

#[test]
fn waiting_for_what_never_comes_ends() {
    let sink = OtlpSink::start().unwrap();
    assert_eq!(sink.wait_for(|_| true, Duration::from_millis(20)), None);
    assert_eq!(sink.tree("00"), "");
}

#[test]
fn the_oldest_go_when_the_store_is_full() {
    let mut kept = VecDeque::new();
    store::keep(&mut kept, 0..=store::CAPACITY);
    assert_eq!((kept.len(), kept[0]), (store::CAPACITY, 1));
}

#[tokio::test]
async fn it_answers_as_it_is_asked_to_and_takes_nothing_then() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sink = OtlpSink::start().unwrap();
    sink.answer(OtlpAnswer {
        times: 1,
        status: 503,
        ..OtlpAnswer::default()
    });
    let send = || {
        reqwest::Client::new()
            .post(format!("{}/v1/traces", sink.endpoint()))
            .header("content-type", "application/x-protobuf")
            .header("api-key", "hunter2")
            .body(request().encode_to_vec())
            .send()
    };
    assert_eq!(send().await.unwrap().status(), 503);
    assert_eq!(sink.spans(), []);
    assert_eq!(send().await.unwrap().status(), 200);
    assert_eq!(sink.spans().len(), 3);
    let seen = sink.requests();
    assert_eq!(seen.len(), 2);
    assert_eq!(
        (&*seen[0].path, &*seen[0].headers["api-key"]),
        ("/v1/traces", "hunter2")
    );
}
