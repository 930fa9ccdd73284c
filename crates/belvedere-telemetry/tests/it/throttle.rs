//! A collector that is too busy says when it wants to be asked again.

use std::time::{Duration, Instant};

use belvedere_core::trace::{ChildSpan, Status};
use belvedere_telemetry::OtelConfig;
use belvedere_testing::{OtlpAnswer, OtlpSink, RetryAfter};
use opentelemetry::trace::SpanKind;

use crate::helpers::{self, Started, request, start};

const GRPC: &str = "grpc";
const HTTP: &str = "http/protobuf";
/// Longest wait for what comes in a few seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// Of our own accord nobody waits that long before the second try.
const PAUSE: Duration = Duration::from_secs(2);
/// Longer than any batch is tried for.
const TOO_LONG: Duration = Duration::from_secs(3600);

fn busy(status: u16, retry_after: Option<RetryAfter>) -> OtlpSink {
    let sink = OtlpSink::start().expect("a free port");
    sink.answer(OtlpAnswer {
        times: 1,
        status,
        retry_after,
        ..OtlpAnswer::default()
    });
    sink
}

fn to(sink: &OtlpSink, protocol: &str, change: impl FnOnce(&mut OtelConfig)) -> Started {
    start(|config| {
        config.otel.exporter_otlp_endpoint = Some(sink.endpoint());
        config.otel.exporter_otlp_protocol = protocol.to_owned();
        config.otel.bsp_schedule_delay = 20;
        change(&mut config.otel);
    })
}

fn record(started: &Started) {
    request(&started.telemetry).enter(|| {
        let span = ChildSpan::begin().expect("export is on");
        span.finish(&SpanKind::Client, "SELECT orders", &[], Status::Unset);
    });
}

fn lost(started: &Started) -> u64 {
    helpers::dropped(started, "traces", "export_failed")
}

fn wait_for_loss(started: &Started) {
    let deadline = Instant::now() + PATIENCE;
    while lost(started) == 0 {
        assert!(Instant::now() < deadline, "the batch is still tried");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Between the first try and the second.
fn gap(sink: &OtlpSink) -> Duration {
    let requests = sink.requests();
    requests[1].at - requests[0].at
}

fn comes_back_after(protocol: &str, status: u16, retry_after: RetryAfter, at_least: Duration) {
    let sink = busy(status, Some(retry_after));
    let started = to(&sink, protocol, |_| ());
    record(&started);
    assert!(sink.wait_for(|_| true, PATIENCE).is_some());
    assert!(gap(&sink) >= at_least, "{:?}", gap(&sink));
    assert_eq!((sink.requests().len(), lost(&started)), (2, 0));
}

#[test]
fn a_pause_of_too_many_requests_is_kept_over_http() {
    comes_back_after(HTTP, 429, RetryAfter::In(PAUSE), PAUSE);
}

#[test]
fn a_pause_in_seconds_is_kept_over_http() {
    comes_back_after(HTTP, 503, RetryAfter::In(PAUSE), PAUSE);
}

#[test]
fn a_pause_until_a_date_is_kept_over_http() {
    // A date has no fractions of a second.
    let second = Duration::from_secs(1);
    comes_back_after(HTTP, 503, RetryAfter::OnDate(PAUSE + second), PAUSE);
}

#[test]
fn a_pause_of_retry_info_is_kept_over_grpc() {
    comes_back_after(GRPC, 503, RetryAfter::In(PAUSE), PAUSE);
}

#[test]
fn what_is_exhausted_and_says_when_it_is_not_is_asked_again_over_grpc() {
    comes_back_after(GRPC, 429, RetryAfter::In(PAUSE), PAUSE);
}

#[test]
fn a_quota_that_is_used_up_is_not_asked_for_again_over_grpc() {
    let sink = busy(429, None);
    let started = to(&sink, GRPC, |_| ());
    record(&started);
    wait_for_loss(&started);
    assert!(started.telemetry.flush_traces());
    assert_eq!((sink.requests().len(), sink.spans().len()), (1, 0));
}

#[test]
fn a_collector_that_is_busy_and_says_no_more_is_asked_again_over_http() {
    let sink = busy(429, None);
    let started = to(&sink, HTTP, |_| ());
    record(&started);
    assert!(sink.wait_for(|_| true, PATIENCE).is_some());
    assert_eq!(lost(&started), 0);
}

fn asks_too_much(protocol: &str) {
    let sink = busy(503, Some(RetryAfter::In(TOO_LONG)));
    let started = to(&sink, protocol, |otel| otel.bsp_export_timeout = 1500);
    record(&started);
    wait_for_loss(&started);
    record(&started);
    assert!(sink.wait_for(|_| true, PATIENCE).is_some());
    // What the first batch was told holds for the next one, as long as that is tried.
    assert!(
        gap(&sink) >= Duration::from_millis(1500),
        "{:?}",
        gap(&sink)
    );
    assert_eq!((sink.requests().len(), lost(&started)), (2, 1));
}

#[test]
fn a_pause_that_is_too_long_costs_one_batch_and_is_cut_over_http() {
    asks_too_much(HTTP);
}

#[test]
fn a_pause_that_is_too_long_costs_one_batch_and_is_cut_over_grpc() {
    asks_too_much(GRPC);
}

#[test]
fn the_end_waits_for_no_pause_of_a_collector() {
    let sink = busy(503, Some(RetryAfter::In(Duration::from_secs(25))));
    let started = to(&sink, HTTP, |_| ());
    record(&started);
    assert!(sink.wait_for_requests(1, PATIENCE));
    assert!(started.telemetry.flush_traces());
    assert_eq!((sink.spans().len(), lost(&started)), (1, 0));
}
