use std::time::{Duration, SystemTime};

use belvedere_core::{
    NewRequest, RequestContext,
    context::Route,
    names::event,
    propagation::{Incoming, Propagation},
    trace::{ChildSpan, SpanRecord, Status},
};
use belvedere_testing::{OtlpSink, ReceivedSpan};
use opentelemetry::trace::SpanKind;
use tracing::{Span, info_span};

use crate::helpers::{child, is_child, line, lines, request, start, start_with};

/// The server span, as the observe layer makes it.
fn end_server_span(context: &RequestContext) {
    let now = SystemTime::now();
    context.record(&SpanRecord {
        trace_id: context.trace_id(),
        span_id: context.span_id(),
        parent: context.server_parent(),
        trace_state: context.trace_state(),
        kind: &SpanKind::Server,
        name: "GET /v1/orders/{id}",
        start: now - Duration::from_millis(5),
        end: now,
        attributes: &[],
        status: Status::Unset,
        link: None,
    });
}

fn statement() {
    let span = ChildSpan::begin().expect("export is on");
    span.finish(&SpanKind::Client, "SELECT orders", &[], Status::Unset);
}

fn handle() {
    info_span!("process_order", product = "espresso").in_scope(|| {
        info_span!("validate_inventory").in_scope(statement);
        tracing::error!("the order is too large");
    });
}

fn named<'s>(spans: &'s [ReceivedSpan], name: &str) -> &'s ReceivedSpan {
    let found = spans.iter().find(|span| span.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {spans:?}"))
}

#[test]
fn own_spans_and_users_spans_of_a_sampled_request_are_one_trace() {
    let sink = OtlpSink::start().unwrap();
    let started = start_with(&sink.endpoint(), 1.0);
    let context = request(&started.telemetry);
    context.enter(handle);
    end_server_span(&context);
    assert!(started.telemetry.flush_traces());
    let spans = sink.trace(&context.trace_id().to_string());
    assert_eq!(spans.len(), 4, "{spans:?}");
    let server = named(&spans, "GET /v1/orders/{id}");
    let order = named(&spans, "process_order");
    let inventory = named(&spans, "validate_inventory");
    let select = named(&spans, "SELECT orders");
    assert_eq!(server.span_id, context.span_id().to_string());
    assert_eq!(server.parent_span_id, "");
    assert_eq!(order.parent_span_id, server.span_id);
    assert_eq!(inventory.parent_span_id, order.span_id);
    assert_eq!(select.parent_span_id, inventory.span_id);
    assert_eq!((order.kind, select.kind), ("internal", "client"));
    assert_eq!(order.attributes["product"], "espresso");
    assert_eq!((order.status_code, inventory.status_code), (2, 0));
}

#[test]
fn every_span_of_a_request_says_what_its_caller_said_of_the_trace() {
    let sink = OtlpSink::start().unwrap();
    let started = start_with(&sink.endpoint(), 1.0);
    let mut headers = Incoming::default();
    let parent = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    headers.see(b"traceparent", parent);
    headers.see(b"tracestate", b"es=s:0.1, dd=s:1");
    for is_trusted in [true, false] {
        let caller = headers.caller(&Propagation::default(), || is_trusted);
        let route = Route::new("GET", "/v1/orders");
        let request = NewRequest::new(&route, "/v1/orders");
        let context = request.caller(caller).begin(started.telemetry.tracer());
        context.enter(handle);
        end_server_span(&context);
    }
    assert!(started.telemetry.flush_traces());
    let spans = sink.spans();
    let of = |span: &&ReceivedSpan| span.trace_id.starts_with("4bf92f35");
    let (ours, theirs): (Vec<_>, Vec<_>) = spans.iter().partition(of);
    assert_eq!((ours.len(), theirs.len()), (4, 4));
    for span in ours {
        let state = span.trace_state.replace(' ', "");
        assert_eq!(state, "es=s:0.1,dd=s:1", "{}", span.name);
    }
    assert!(theirs.iter().all(|span| span.trace_state.is_empty()));
}

#[test]
fn in_an_unsampled_request_users_spans_do_not_exist() {
    let sink = OtlpSink::start().unwrap();
    let started = start_with(&sink.endpoint(), 0.0);
    let context = request(&started.telemetry);
    context.enter(|| {
        let span = info_span!("process_order");
        assert!(span.is_disabled());
        span.in_scope(|| assert!(Span::current().is_none()));
        statement();
    });
    context.decide(false);
    assert!(started.telemetry.flush_traces());
    assert_eq!(sink.spans(), []);
}

#[test]
fn a_request_that_is_kept_at_its_end_exports_what_it_held_back() {
    let sink = OtlpSink::start().unwrap();
    let started = start_with(&sink.endpoint(), 0.0);
    let context = request(&started.telemetry);
    context.enter(handle);
    context.decide(true);
    end_server_span(&context);
    assert!(started.telemetry.flush_traces());
    let spans = sink.trace(&context.trace_id().to_string());
    assert_eq!(spans.len(), 2, "{spans:?}");
    let select = named(&spans, "SELECT orders");
    assert_eq!(select.parent_span_id, context.span_id().to_string());
}

#[test]
fn a_span_outside_of_any_request_is_drawn_by_the_same_ratio() {
    let sink = OtlpSink::start().unwrap();
    let started = start_with(&sink.endpoint(), 0.0);
    info_span!("left_out").in_scope(|| info_span!("left_out_too").in_scope(|| ()));
    started.telemetry.tracer().sampler().set_ratio(1.0);
    info_span!("housekeeping").in_scope(|| info_span!("sweep").in_scope(|| ()));
    assert!(started.telemetry.flush_traces());
    let spans = sink.spans();
    assert_eq!(spans.len(), 2, "{spans:?}");
    let outer = named(&spans, "housekeeping");
    assert_eq!(named(&spans, "sweep").parent_span_id, outer.span_id);
}

#[test]
fn spans_say_whose_they_are() {
    let sink = OtlpSink::start().unwrap();
    let started = start(|config| {
        config.service.name = Some("till".to_owned());
        config.otel.exporter_otlp_endpoint = Some(sink.endpoint());
    });
    let context = request(&started.telemetry);
    context.enter(|| info_span!("process_order").in_scope(|| ()));
    end_server_span(&context);
    assert!(started.telemetry.flush_traces());
    let spans = sink.spans();
    assert_eq!(spans.len(), 2);
    for span in spans {
        assert_eq!(span.resource["service.name"], "till", "{span:?}");
        assert_eq!(span.resource["service.version"], "1.2.3");
        assert_eq!(span.resource["deployment.environment.name"], "development");
        assert_eq!(span.resource["telemetry.sdk.language"], "rust");
    }
}

#[test]
fn resource_attributes_stand_over_our_own_and_each_process_is_an_instance() {
    let sink = OtlpSink::start().unwrap();
    let started = start(|config| {
        config.otel.exporter_otlp_endpoint = Some(sink.endpoint());
        config.otel.resource_attributes = Some("service.name=till,team=red".to_owned());
    });
    end_server_span(&request(&started.telemetry));
    assert!(started.telemetry.flush_traces());
    let resource = &sink.spans()[0].resource;
    assert_eq!(
        (&*resource["service.name"], &*resource["team"]),
        ("till", "red")
    );
    assert_eq!(resource["service.version"], "1.2.3");
    assert_eq!(resource["process.pid"], std::process::id().to_string());
    assert_eq!(resource["service.instance.id"].len(), 36);
}

#[test]
fn a_line_names_the_ids_of_its_trace_with_export_on_and_off() {
    const NAME: &str = "traces::a_line_names_the_ids_of_its_trace_with_export_on_and_off";
    if is_child() {
        let started = start(|config| {
            config.otel.exporter_otlp_endpoint = std::env::var("ENDPOINT").ok();
            config.otel.sdk_disabled = std::env::var_os("ENDPOINT").is_none();
        });
        started.telemetry.announce();
        let context = request(&started.telemetry);
        context.enter(|| tracing::info!("in_request"));
        end_server_span(&context);
        assert!(started.telemetry.flush_traces() && started.telemetry.flush_log());
        return;
    }
    let sink = OtlpSink::start().unwrap();
    let on = lines(
        &child(NAME)
            .env("ENDPOINT", sink.endpoint())
            .output()
            .unwrap(),
    );
    let span = &sink.spans()[0];
    let told = line(&on, "in_request");
    assert_eq!(
        (&told["trace_id"], &told["span_id"]),
        (&(&*span.trace_id).into(), &(&*span.span_id).into())
    );
    assert_eq!(told["trace_flags"], "01");
    let off = lines(&child(NAME).output().unwrap());
    let told = line(&off, "in_request");
    assert_eq!(told["trace_id"].as_str().map(str::len), Some(32), "{told}");
    assert_eq!(told["trace_flags"], "00");
    assert_eq!(
        line(&off, event::TELEMETRY_CONFIGURED)["traces"],
        "off: OTEL_SDK_DISABLED is true"
    );
    assert_eq!(sink.spans().len(), 1);
}
