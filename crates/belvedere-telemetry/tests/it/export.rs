//! How spans get to a collector, over gRPC and over HTTP.

use std::time::{Duration, SystemTime};

use belvedere_core::{
    RequestContext,
    trace::{SpanRecord, Status},
};
use belvedere_telemetry::OtelConfig;
use belvedere_testing::{OtlpAnswer, OtlpSink};
use opentelemetry::trace::SpanKind;

use crate::helpers::{self, Started, request, start};

const GRPC: &str = "grpc";
const HTTP: &str = "http/protobuf";
/// Longest wait for what comes in a second or two.
const PATIENCE: Duration = Duration::from_secs(20);

fn to(sink: &OtlpSink, protocol: &str, change: impl FnOnce(&mut OtelConfig)) -> Started {
    start(|config| {
        config.otel.exporter_otlp_endpoint = Some(sink.endpoint());
        config.otel.exporter_otlp_protocol = protocol.to_owned();
        config.otel.bsp_schedule_delay = 20;
        change(&mut config.otel);
    })
}

fn record(context: &RequestContext, name: &str) {
    context.record(&SpanRecord {
        trace_id: context.trace_id(),
        span_id: context.span_id(),
        parent: None,
        trace_state: None,
        kind: &SpanKind::Server,
        name,
        start: SystemTime::UNIX_EPOCH,
        end: SystemTime::now(),
        attributes: &[],
        status: Status::Unset,
        link: None,
    });
}

fn record_many(started: &Started, count: usize) {
    let context = request(&started.telemetry);
    (0..count).for_each(|_| record(&context, "GET /"));
}

fn answer(times: usize, status: u16) -> OtlpAnswer {
    OtlpAnswer {
        times,
        status,
        ..OtlpAnswer::default()
    }
}

fn dropped(started: &Started, reason: &str) -> u64 {
    helpers::dropped(started, "traces", reason)
}

fn with_headers_and_gzip(protocol: &str) {
    let sink = OtlpSink::start().expect("a free port");
    let started = to(&sink, protocol, |otel| {
        otel.exporter_otlp_headers = Some("api-key=general".into());
        otel.exporter_otlp_traces_headers = Some("api-key=a%20b,x-team=core".into());
        otel.exporter_otlp_compression = Some("gzip".to_owned());
    });
    record_many(&started, 3);
    assert!(started.telemetry.flush_traces());
    assert_eq!(sink.spans().len(), 3);
    let headers = &sink.requests()[0].headers;
    assert_eq!((&*headers["api-key"], &*headers["x-team"]), ("a b", "core"));
    let encoding = ["grpc-encoding", "content-encoding"];
    let encoding = encoding.iter().find_map(|name| headers.get(*name));
    assert_eq!(encoding.map(String::as_str), Some("gzip"), "{headers:?}");
}

#[test]
fn keys_and_compressed_batches_arrive_over_grpc() {
    with_headers_and_gzip(GRPC);
}

#[test]
fn keys_and_compressed_batches_arrive_over_http() {
    with_headers_and_gzip(HTTP);
}

fn unavailable_for_a_while(protocol: &str) {
    let sink = OtlpSink::start().expect("a free port");
    sink.answer(answer(2, 503));
    let started = to(&sink, protocol, |_| ());
    record_many(&started, 1);
    assert!(sink.wait_for(|_| true, PATIENCE).is_some());
    assert_eq!(sink.requests().len(), 3);
    assert!(started.telemetry.flush_traces());
    assert_eq!((sink.spans().len(), dropped(&started, "")), (1, 0));
}

#[test]
fn a_collector_that_is_away_for_a_while_gets_everything_over_grpc() {
    unavailable_for_a_while(GRPC);
}

#[test]
fn a_collector_that_is_away_for_a_while_gets_everything_over_http() {
    unavailable_for_a_while(HTTP);
}

fn refused_for_good(protocol: &str, status: u16) {
    let sink = OtlpSink::start().expect("a free port");
    sink.answer(answer(1, status));
    let started = to(&sink, protocol, |_| ());
    record_many(&started, 2);
    assert!(sink.wait_for_requests(1, PATIENCE));
    assert!(started.telemetry.flush_traces());
    assert_eq!((sink.requests().len(), sink.spans().len()), (1, 0));
    assert_eq!(dropped(&started, "export_failed"), 2);
}

#[test]
fn what_is_malformed_is_not_sent_again_over_grpc() {
    refused_for_good(GRPC, 400);
}

#[test]
fn what_is_malformed_is_not_sent_again_over_http() {
    refused_for_good(HTTP, 400);
}

#[test]
fn a_collector_that_fails_loses_its_batch_and_nothing_else() {
    refused_for_good(HTTP, 500);
}

fn taken_in_part(protocol: &str) {
    let sink = OtlpSink::start().expect("a free port");
    sink.answer(OtlpAnswer {
        rejected: 2,
        ..OtlpAnswer::default()
    });
    let started = to(&sink, protocol, |otel| otel.bsp_schedule_delay = 60_000);
    record_many(&started, 3);
    assert!(started.telemetry.flush_traces());
    assert_eq!(dropped(&started, "rejected"), 2);
}

#[test]
fn what_a_collector_says_it_has_not_taken_is_counted_over_grpc() {
    taken_in_part(GRPC);
}

#[test]
fn what_a_collector_says_it_has_not_taken_is_counted_over_http() {
    taken_in_part(HTTP);
}

fn too_slow(protocol: &str) {
    let sink = OtlpSink::start().expect("a free port");
    sink.answer(OtlpAnswer {
        delay: PATIENCE,
        ..OtlpAnswer::default()
    });
    let started = to(&sink, protocol, |otel| {
        otel.exporter_otlp_traces_timeout = Some(50);
        otel.bsp_export_timeout = 100;
    });
    record_many(&started, 1);
    assert!(sink.wait_for_requests(1, PATIENCE));
    assert!(started.telemetry.flush_traces());
    assert_eq!(dropped(&started, "export_failed"), 1);
}

#[test]
fn an_answer_is_waited_for_only_so_long_over_grpc() {
    too_slow(GRPC);
}

#[test]
fn an_answer_is_waited_for_only_so_long_over_http() {
    too_slow(HTTP);
}

#[test]
fn every_span_arrives_or_is_counted_when_the_queue_is_too_small() {
    let sink = OtlpSink::start().expect("a free port");
    let started = to(&sink, GRPC, |otel| {
        otel.bsp_schedule_delay = 60_000;
        otel.bsp_max_queue_size = 5;
    });
    record_many(&started, 10_000);
    assert!(started.telemetry.flush_traces());
    let full = dropped(&started, "queue_full");
    assert!(full > 0);
    assert_eq!(sink.spans().len() as u64 + full, 10_000);
    record_many(&started, 1);
    assert_eq!(dropped(&started, "closed"), 1);
}

#[test]
fn no_batch_has_more_spans_than_it_may() {
    let sink = OtlpSink::start().expect("a free port");
    let started = to(&sink, GRPC, |otel| {
        otel.bsp_schedule_delay = 60_000;
        otel.bsp_max_export_batch_size = 10;
    });
    record_many(&started, 9);
    assert_eq!(sink.requests().len(), 0);
    record_many(&started, 26);
    assert!(started.telemetry.flush_traces());
    assert_eq!((sink.spans().len(), dropped(&started, "")), (35, 0));
    assert!(sink.requests().len() >= 4);
}

#[test]
fn what_is_left_at_the_end_is_counted() {
    let sink = OtlpSink::start().expect("a free port");
    sink.answer(OtlpAnswer {
        delay: PATIENCE,
        ..OtlpAnswer::default()
    });
    let started = to(&sink, GRPC, |_| ());
    record_many(&started, 4);
    assert!(!started.telemetry.flush_traces());
    assert_eq!(dropped(&started, "not_flushed"), 4);
}

#[test]
fn the_end_waits_for_no_pause_and_tries_once_more() {
    let sink = OtlpSink::start().expect("a free port");
    // The pause after the fourth would be longer than all that a process has at its end.
    sink.answer(answer(4, 503));
    let started = to(&sink, HTTP, |_| ());
    record_many(&started, 1);
    assert!(sink.wait_for_requests(4, PATIENCE));
    assert!(started.telemetry.flush_traces());
    assert_eq!((sink.spans().len(), sink.requests().len()), (1, 5));
}

#[test]
fn large_spans_leave_in_batches_that_a_collector_takes() {
    let sink = OtlpSink::start().expect("a free port");
    let started = to(&sink, GRPC, |otel| otel.bsp_schedule_delay = 60_000);
    let context = request(&started.telemetry);
    let name = "x".repeat(20_000);
    (0..300).for_each(|_| record(&context, &name));
    assert!(started.telemetry.flush_traces());
    assert_eq!((sink.spans().len(), dropped(&started, "")), (300, 0));
    assert!(sink.requests().len() > 1);
}
