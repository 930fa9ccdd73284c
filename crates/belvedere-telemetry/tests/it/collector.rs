//! Collectors that do not collect.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use belvedere_testing::{OtlpAnswer, OtlpSink};
use tracing::info_span;

use crate::helpers::{Started, dropped, refusing, request, start, start_with};

const GRPC: &str = "grpc";
const HTTP: &str = "http/protobuf";

/// Five times what `flush_traces` promises: the machine may be busy.
const FLUSH: Duration = Duration::from_millis(5 * 2500);
/// A start waits for nobody; five times the second that it may take.
const START: Duration = Duration::from_secs(5);
/// Five times what so many spans may take.
const WORK: Duration = Duration::from_secs(25);

/// With lines leaving as well.
fn start_quickly(endpoint: &str, protocol: &str) -> Started {
    let began = Instant::now();
    let started = start(|config| {
        config.otel.exporter_otlp_endpoint = Some(endpoint.to_owned());
        config.otel.exporter_otlp_protocol = protocol.to_owned();
        config.otel.traces_sampler_arg = Some(1.0);
        config.otel.logs_exporter = Some("otlp".to_owned());
    });
    assert!(began.elapsed() < START, "{:?}", began.elapsed());
    started
}

/// More spans than the exporter's queue holds, each in its request.
fn work(started: &Started) {
    let context = request(&started.telemetry);
    let began = Instant::now();
    for _ in 0..10_000 {
        context.enter(|| info_span!("process_order").in_scope(|| ()));
    }
    assert!(began.elapsed() < WORK, "{:?}", began.elapsed());
}

fn flush(started: &Started) -> bool {
    let began = Instant::now();
    let is_flushed = started.telemetry.flush_traces();
    assert!(began.elapsed() < FLUSH, "{:?}", began.elapsed());
    is_flushed
}

fn work_and_end(started: &Started) {
    work(started);
    flush(started);
    let began = Instant::now();
    started.telemetry.flush_log();
    assert!(began.elapsed() < FLUSH, "{:?}", began.elapsed());
}

/// Connections are accepted by the kernel and answered by nobody.
fn hanging() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    (listener, format!("http://{address}"))
}

#[test]
fn a_collector_that_refuses_delays_nothing_over_grpc() {
    work_and_end(&start_quickly(&refusing(), GRPC));
}

#[test]
fn a_collector_that_refuses_delays_nothing_over_http() {
    work_and_end(&start_quickly(&refusing(), HTTP));
}

#[test]
fn a_collector_that_never_answers_delays_nothing_over_grpc() {
    let (_listener, endpoint) = hanging();
    let started = start_quickly(&endpoint, GRPC);
    work(&started);
    assert!(!flush(&started));
}

#[test]
fn a_collector_that_never_answers_delays_nothing_over_http() {
    let (_listener, endpoint) = hanging();
    let started = start_quickly(&endpoint, HTTP);
    work(&started);
    assert!(!flush(&started));
}

fn failing() -> OtlpSink {
    let sink = OtlpSink::start().expect("a free port");
    sink.answer(OtlpAnswer {
        status: 500,
        ..OtlpAnswer::default()
    });
    sink
}

#[test]
fn a_collector_that_fails_delays_nothing_over_grpc() {
    let sink = failing();
    work_and_end(&start_quickly(&sink.endpoint(), GRPC));
    assert_eq!(sink.spans(), []);
}

#[test]
fn a_collector_that_fails_delays_nothing_over_http() {
    let sink = failing();
    work_and_end(&start_quickly(&sink.endpoint(), HTTP));
    assert_eq!(sink.spans(), []);
}

#[test]
fn a_collector_without_an_address_delays_nothing_over_grpc() {
    work_and_end(&start_quickly("http://collector.invalid:4317", GRPC));
}

#[test]
fn a_collector_without_an_address_delays_nothing_over_http() {
    work_and_end(&start_quickly("http://collector.invalid:4318", HTTP));
}

fn resident_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.expect("it is a number") / 1024
}

#[test]
fn what_waits_for_a_collector_that_never_answers_is_bounded_also_when_it_is_large() {
    let (_listener, endpoint) = hanging();
    let started = start_with(&endpoint, 1.0);
    let before = resident_megabytes();
    let large = "x".repeat(4_000);
    for _ in 0..20_000 {
        info_span!("process_order", large, again = large, more = large).in_scope(|| ());
    }
    let grown = resident_megabytes() - before;
    // 240 MB were made; 16 may wait, and 16 be on their way, each in a buffer that may have doubled.
    assert!(grown < 100, "{grown} MB");
    assert!(dropped(&started, "traces", "queue_full") > 10_000);
}
