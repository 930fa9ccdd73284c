use std::{borrow::Cow, time::Duration};

use opentelemetry::{
    Array, InstrumentationScope, KeyValue, TraceFlags, Value as SdkValue,
    trace::{Link, TraceState},
};
use opentelemetry_proto::tonic::{
    common::v1::any_value::Value as Any,
    trace::v1::{ScopeSpans, Span},
};
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
use prost::Message;

use super::*;
use belvedere_core::trace::Value;

const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
const OWN: u64 = 0x00f0_67aa_0ba9_02b7;
const ABOVE: u64 = 0x1122_3344_5566_7788;

fn decoded(write: impl FnOnce(&mut Vec<u8>, &Redactor)) -> Span {
    let mut out = Vec::new();
    write(&mut out, &Redactor::new(["iban".to_owned()]));
    let mut spans = ScopeSpans::decode(&*out).unwrap().spans;
    assert_eq!(spans.len(), 1);
    spans.remove(0)
}

fn at(nanos: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)
}

fn above(flags: TraceFlags) -> SpanContext {
    SpanContext::new(7.into(), 8.into(), flags, true, TraceState::NONE)
}

fn with_state(context: &SpanContext, state: &str) -> SpanContext {
    let (trace_id, span_id) = (context.trace_id(), context.span_id());
    let state = state.parse().unwrap();
    SpanContext::new(trace_id, span_id, context.trace_flags(), false, state)
}

fn of_record<'s>(change: impl FnOnce(&mut SpanRecord<'s>)) -> Span {
    let mut span = SpanRecord {
        trace_id: TRACE.into(),
        span_id: OWN.into(),
        parent: None,
        trace_state: None,
        kind: &SpanKind::Server,
        name: "GET /v1/orders/{id}",
        start: at(1_700_000_000_000_000_001),
        end: at(1_700_000_000_005_000_002),
        attributes: &[],
        status: Status::Unset,
        link: None,
    };
    change(&mut span);
    decoded(|out, redactor| record(out, redactor, &span))
}

fn of_data(change: impl FnOnce(&mut SpanData)) -> Span {
    let mut span = SpanData {
        span_context: SpanContext::new(
            TRACE.into(),
            OWN.into(),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        ),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: Cow::Borrowed("process_order"),
        start_time: at(5),
        end_time: at(9),
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: SdkStatus::Unset,
        instrumentation_scope: InstrumentationScope::default(),
    };
    change(&mut span);
    decoded(|out, redactor| data(out, redactor, &span))
}

fn attributes(pairs: &[opentelemetry_proto::tonic::common::v1::KeyValue]) -> Vec<(&str, Any)> {
    let pairs = pairs.iter();
    let read = pairs.map(|pair| {
        let value = pair.value.clone().and_then(|value| value.value);
        (pair.key.as_str(), value.unwrap())
    });
    read.collect()
}

fn text(text: &str) -> Any {
    Any::StringValue(text.to_owned())
}

#[test]
fn a_record_arrives_field_by_field() {
    let link = above(TraceFlags::SAMPLED);
    let span = of_record(|span| {
        span.trace_state = Some("es=s:0.1,dd=s:1");
        span.parent = Some(Parent {
            span_id: ABOVE.into(),
            is_remote: true,
        });
        span.attributes = &[
            ("http.route", Value::Str("/v1/órders/{id}")),
            ("http.request.method", Value::Const("GET")),
            ("http.response.status_code", Value::Int(503)),
            ("below", Value::Int(-7)),
            ("ratio", Value::Double(0.25)),
            ("cached", Value::Bool(true)),
            ("empty", Value::Str("")),
        ];
        span.status = Status::Error("it is käputt");
        span.link = Some(&link);
    });
    assert_eq!(span.trace_id, TRACE.to_be_bytes());
    assert_eq!(span.span_id, OWN.to_be_bytes());
    assert_eq!(span.parent_span_id, ABOVE.to_be_bytes());
    assert_eq!(span.trace_state, "es=s:0.1,dd=s:1");
    assert_eq!((&*span.name, span.kind), ("GET /v1/orders/{id}", 2));
    assert_eq!(span.start_time_unix_nano, 1_700_000_000_000_000_001);
    assert_eq!(span.end_time_unix_nano, 1_700_000_000_005_000_002);
    assert_eq!(span.flags, SAMPLED | HAS_IS_REMOTE | IS_REMOTE);
    assert_eq!(
        attributes(&span.attributes),
        [
            ("http.route", text("/v1/órders/{id}")),
            ("http.request.method", text("GET")),
            ("http.response.status_code", Any::IntValue(503)),
            ("below", Any::IntValue(-7)),
            ("ratio", Any::DoubleValue(0.25)),
            ("cached", Any::BoolValue(true)),
            ("empty", text("")),
        ]
    );
    let status = span.status.unwrap();
    assert_eq!((status.code, &*status.message), (2, "it is käputt"));
    assert_eq!(span.links.len(), 1);
    assert_eq!(span.links[0].trace_id, 7_u128.to_be_bytes());
    assert_eq!(span.links[0].span_id, 8_u64.to_be_bytes());
    assert_eq!(span.links[0].flags, 1);
    assert_eq!((span.events.len(), span.dropped_attributes_count), (0, 0));
}

#[test]
fn a_root_without_an_error_has_neither_parent_nor_status() {
    let span = of_record(|_| ());
    assert_eq!((span.parent_span_id.len(), span.status), (0, None));
    assert_eq!(
        (span.flags, &*span.trace_state),
        (SAMPLED | HAS_IS_REMOTE, "")
    );
}

#[test]
fn only_who_knows_that_it_went_well_has_said_so() {
    let codes = [Status::Unset, Status::Ok, Status::Error("")].map(|status| {
        let span = of_record(|span| span.status = status);
        span.status.map(|status| (status.code, status.message))
    });
    let told = |code| Some((code, String::new()));
    assert_eq!(codes, [None, told(1), told(2)]);
    let own = of_data(|span| span.status = SdkStatus::Ok).status.unwrap();
    assert_eq!((own.code, &*own.message), (1, ""));
}

#[test]
fn a_text_of_any_length_arrives_under_its_key() {
    let long = "x".repeat(400);
    for length in (0..=130).chain([255, 256, 400]) {
        let sent = [("messaging.system", Value::Str(&long[..length]))];
        let span = of_record(|span| span.attributes = &sent);
        assert_eq!(
            attributes(&span.attributes),
            [("messaging.system", text(&long[..length]))]
        );
    }
}

#[test]
fn every_kind_has_its_number() {
    for (kind, number) in [
        (SpanKind::Internal, 1),
        (SpanKind::Server, 2),
        (SpanKind::Client, 3),
        (SpanKind::Producer, 4),
        (SpanKind::Consumer, 5),
    ] {
        assert_eq!(of_data(|span| span.span_kind = kind.clone()).kind, number);
    }
}

#[test]
fn a_span_of_the_sdk_arrives_with_its_events_and_links() {
    let span = of_data(|span| {
        span.parent_span_id = ABOVE.into();
        span.span_context = with_state(&span.span_context, "es=s:0.1");
        span.attributes = vec![
            KeyValue::new("product", "café"),
            KeyValue::new("count", 3),
            KeyValue::new("share", 0.5),
            KeyValue::new("vip", true),
            KeyValue::new("tags", SdkValue::Array(Array::Bool(vec![true, false]))),
        ];
        let happened = Event::new("stock_low", at(7), vec![KeyValue::new("left", 2)], 0);
        span.events.events.push(happened);
        span.links
            .links
            .push(Link::with_context(above(TraceFlags::NOT_SAMPLED)));
        span.status = SdkStatus::error("no stock");
    });
    assert_eq!(span.parent_span_id, ABOVE.to_be_bytes());
    assert_eq!(span.flags, SAMPLED | HAS_IS_REMOTE);
    assert_eq!(span.trace_state, "es=s:0.1");
    assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (5, 9));
    let pairs = attributes(&span.attributes);
    assert_eq!(pairs[0], ("product", text("café")));
    assert_eq!(pairs[1], ("count", Any::IntValue(3)));
    assert_eq!(pairs[2], ("share", Any::DoubleValue(0.5)));
    assert_eq!(pairs[3], ("vip", Any::BoolValue(true)));
    assert_eq!(pairs[4], ("tags", text("[true,false]")));
    let happened = &span.events[0];
    assert_eq!((&*happened.name, happened.time_unix_nano), ("stock_low", 7));
    assert_eq!(
        attributes(&happened.attributes),
        [("left", Any::IntValue(2))]
    );
    assert_eq!((span.links.len(), span.links[0].flags), (1, 0));
    let status = span.status.unwrap();
    assert_eq!((status.code, &*status.message), (2, "no stock"));
}

#[test]
fn what_no_signal_may_show_is_in_neither_kind_of_span() {
    let own = of_record(|span| {
        span.trace_state = Some("mq=amqp://u:hunter2@h");
        span.attributes = &[
            ("user.password", Value::Str("hunter2")),
            ("pin_secret", Value::Int(4711)),
            ("iban", Value::Str("hunter2")),
            ("peer", Value::Str("redis://u:hunter2@h")),
        ];
        span.status = Status::Error("postgres://u:hunter2@h is gone");
    });
    let sdk = of_data(|span| {
        span.attributes = vec![KeyValue::new("api_key", "hunter2")];
        let event = Event::new(
            "to http://u:hunter2@h",
            at(1),
            vec![KeyValue::new("token", "hunter2")],
            0,
        );
        span.events.events.push(event);
        span.status = SdkStatus::error("http://u:hunter2@h");
    });
    assert_eq!(attributes(&own.attributes)[1].1, text("[REDACTED]"));
    assert_eq!(own.trace_state, "");
    for span in [own, sdk] {
        let shown = format!("{span:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("4711"),
            "{shown}"
        );
        assert!(shown.contains("[REDACTED]"));
    }
}

#[test]
fn a_long_text_is_cut_between_two_characters() {
    let long = "é".repeat(5000);
    let span = of_data(|span| {
        span.attributes = vec![
            KeyValue::new("x", format!("x{long}")),
            KeyValue::new("next", 1),
        ];
    });
    let pairs = attributes(&span.attributes);
    assert_eq!(pairs[0].1, text(&format!("x{}", "é".repeat(2047))));
    assert_eq!(pairs[1], ("next", Any::IntValue(1)));
}
