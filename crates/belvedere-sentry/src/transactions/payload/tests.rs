use opentelemetry::trace::SpanKind;

use super::{
    super::samples::{server, span, with},
    *,
};

fn service() -> Service {
    Service {
        release: "shop@1.2.3".to_owned(),
        environment: "production".to_owned(),
        redactor: belvedere_core::Redactor::default(),
    }
}

fn order() -> Request {
    let root = with(
        server(7, 1, (0, 250)),
        &[
            ("http.request.method", "GET".into()),
            ("http.route", "/v1/orders/{id}".into()),
            ("client.address", "10.0.0.7".into()),
            ("request_id", "0199a1c2".into()),
            ("tenant_id", "acme".into()),
            ("http.response.status_code", 503.into()),
        ],
    );
    let mut statement = with(
        span(7, 2, 1, (10, 20)),
        &[
            ("db.system.name", "postgresql".into()),
            ("db.query.text", "SELECT * FROM orders".into()),
        ],
    );
    statement.kind = SpanKind::Client;
    Request {
        root,
        spans: vec![statement],
        cut: 0,
    }
}

/// The three lines of an envelope.
fn lines(request: &Request) -> [Value; 3] {
    let envelope = String::from_utf8(envelope(request, &service())).unwrap();
    let lines: Vec<_> = envelope.lines().collect();
    let [_, head, item] = &*lines else {
        panic!("{envelope}");
    };
    let length = item.len();
    assert!(head.contains(&format!("\"length\":{length}")), "{head}");
    lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

#[test]
fn a_request_becomes_a_transaction_word_for_word() {
    let [head, item_head, item] = lines(&order());
    assert_eq!(head["event_id"], item["event_id"]);
    assert_eq!(head["event_id"].as_str().unwrap().len(), 32);
    assert_eq!(item_head["type"], "transaction");
    let trace = "00000000000000000000000000000007";
    let wanted = json!({
        "event_id": head["event_id"],
        "type": "transaction",
        "platform": "native",
        "sdk": { "name": "belvedere-sentry", "version": env!("CARGO_PKG_VERSION") },
        "release": "shop@1.2.3",
        "environment": "production",
        "transaction": "GET /v1/orders/{id}",
        "transaction_info": { "source": "route" },
        "start_timestamp": 1_700_000_000.0,
        "timestamp": 1_700_000_000.25,
        "tags": {
            "method": "GET",
            "request_id": "0199a1c2",
            "route": "/v1/orders/{id}",
            "tenant_id": "acme",
            "trace_id": trace,
        },
        "contexts": { "trace": {
            "trace_id": trace,
            "span_id": "0000000000000001",
            "parent_span_id": "0000000000000063",
            "op": "http.server",
            "status": "unavailable",
            "data": {
                "http.request.method": "GET",
                "http.route": "/v1/orders/{id}",
                "request_id": "0199a1c2",
                "tenant_id": "acme",
                "http.response.status_code": 503,
            },
        }},
        "spans": [{
            "trace_id": trace,
            "span_id": "0000000000000002",
            "parent_span_id": "0000000000000001",
            "op": "db",
            "description": "SELECT * FROM orders",
            "status": "ok",
            "start_timestamp": 1_700_000_000.01,
            "timestamp": 1_700_000_000.02,
            "data": {
                "db.system.name": "postgresql",
                "db.query.text": "SELECT * FROM orders",
            },
        }],
    });
    assert_eq!(item, wanted);
}

#[test]
fn what_was_cut_is_told_in_a_tag() {
    let [.., item] = lines(&Request {
        cut: 744,
        ..order()
    });
    assert_eq!(item["tags"]["spans_cut"], "744");
}

#[test]
fn every_kind_of_work_has_its_operation() {
    let of = |kind: SpanKind, key: &str, value: &str| {
        let mut span = with(span(7, 2, 1, (0, 1)), &[(key, value.into())]);
        span.kind = kind;
        op(&span).to_owned()
    };
    for (kind, key, value, wanted) in [
        (
            SpanKind::Server,
            "http.request.method",
            "GET",
            "http.server",
        ),
        (SpanKind::Server, "rpc.system", "grpc", "grpc.server"),
        (
            SpanKind::Client,
            "http.request.method",
            "GET",
            "http.client",
        ),
        (SpanKind::Client, "rpc.system", "grpc", "grpc.client"),
        (SpanKind::Client, "db.system.name", "postgresql", "db"),
        (SpanKind::Client, "db.system.name", "redis", "db.redis"),
        (SpanKind::Producer, "", "", "queue.publish"),
        (SpanKind::Consumer, "", "", "queue.process"),
        (SpanKind::Internal, "", "", "function"),
        (SpanKind::Internal, "sentry.op", "ledger", "ledger"),
    ] {
        assert_eq!(of(kind, key, value), wanted, "{key} {value}");
    }
}

#[test]
fn every_end_has_its_word() {
    let of = |key: &str, value: Value, is_error| {
        let mut span = with(span(7, 2, 1, (0, 1)), &[(key, value)]);
        span.is_error = is_error;
        status(&span)
    };
    for (code, wanted) in [
        (200, "ok"),
        (302, "ok"),
        (401, "unauthenticated"),
        (404, "not_found"),
        (422, "invalid_argument"),
        (500, "internal_error"),
        (504, "deadline_exceeded"),
    ] {
        assert_eq!(
            of("http.response.status_code", code.into(), code >= 500),
            wanted
        );
    }
    assert_eq!(
        of("rpc.grpc.status_code", 16.into(), true),
        "unauthenticated"
    );
    assert_eq!(
        of("error.type", "client_disconnect".into(), false),
        "cancelled"
    );
    assert_eq!(of("a", "b".into(), true), "internal_error");
    assert_eq!(of("a", "b".into(), false), "ok");
}

#[test]
fn a_name_is_redacted_too() {
    let mut order = order();
    order.root.name = "from redis://:hunter2@cache".to_owned();
    order.spans[0].name.clone_from(&order.root.name);
    order.spans[0].attributes.clear();
    let [.., item] = lines(&order);
    assert!(!item.to_string().contains("hunter2"), "{item}");
}
