//! A collector that takes a part, or takes everything and objects, says why.

use std::time::{Duration, Instant};

use belvedere_core::trace::{ChildSpan, Status};
use belvedere_testing::{OtlpAnswer, OtlpSink};
use opentelemetry::trace::SpanKind;
use serde_json::Value;

use crate::helpers::{Started, child, dropped, is_child, line, lines, request, start};

const PATIENCE: Duration = Duration::from_secs(30);
/// A secret that is whole.
const BEGIN: &str = "too old, sent with Bearer hunter2hunter2";
/// One whose end is cut off.
const END: &str = " to amqp://shop:hunter2hunter2hunter2hunter2hunter2@mq";
/// What is told of it has no more bytes.
const MAX: usize = 512;

fn here() -> Started {
    start(|config| {
        config.otel.exporter_otlp_endpoint =
            Some(std::env::var("ENDPOINT").expect("the test sets it"));
        config.otel.exporter_otlp_protocol = std::env::var("PROTOCOL").expect("the test sets it");
        config.otel.bsp_schedule_delay = 20;
    })
}

fn record(started: &Started) {
    request(&started.telemetry).enter(|| {
        let span = ChildSpan::begin().expect("export is on");
        span.finish(&SpanKind::Client, "SELECT orders", &[], Status::Unset);
    });
}

/// What the test of that name, in a process of its own, logs.
fn told(name: &str, protocol: &str, answer: OtlpAnswer) -> Vec<Value> {
    let sink = OtlpSink::start().expect("a free port");
    sink.answer(answer);
    let mut command = child(&format!("partial::{name}"));
    let command = command.env("ENDPOINT", sink.endpoint());
    let output = command.env("PROTOCOL", protocol).output();
    let output = output.expect("this binary runs again");
    assert!(output.status.success(), "{output:?}");
    lines(&output)
}

/// One batch after the other, each of which is taken in part; the last one as a whole.
fn send_three_batches() {
    let started = here();
    for batch in 1..=2 {
        record(&started);
        let deadline = Instant::now() + PATIENCE;
        while dropped(&started, "traces", "rejected") < batch {
            assert!(Instant::now() < deadline, "nothing is rejected");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    record(&started);
    assert!(started.telemetry.flush_traces() && started.telemetry.flush_log());
}

fn is_told_once(name: &str, protocol: &str) {
    let between = ".".repeat(MAX - BEGIN.len() - END.len() / 2);
    let answer = OtlpAnswer {
        times: 2,
        rejected: 1,
        words: format!("{BEGIN}, {between}{END}").leak(),
        ..OtlpAnswer::default()
    };
    let lines = told(name, protocol, answer);
    let failed = line(&lines, "telemetry_export_failed");
    let error = failed["error"].as_str().expect("it is text");
    assert!(
        error.starts_with("1 rejected: too old, sent with Bearer [REDACTED], .."),
        "{error}"
    );
    assert!(
        error.len() < MAX + 20 && !error.contains("hunter2"),
        "{error}"
    );
    line(&lines, "telemetry_export_recovered");
}

#[test]
fn why_a_part_was_not_taken_is_told_once_over_grpc() {
    if is_child() {
        return send_three_batches();
    }
    is_told_once("why_a_part_was_not_taken_is_told_once_over_grpc", "grpc");
}

#[test]
fn why_a_part_was_not_taken_is_told_once_over_http() {
    if is_child() {
        return send_three_batches();
    }
    let name = "why_a_part_was_not_taken_is_told_once_over_http";
    is_told_once(name, "http/protobuf");
}

#[test]
fn what_a_collector_objects_to_is_told_once_and_costs_nothing() {
    if is_child() {
        let started = here();
        for _ in 0..3 {
            record(&started);
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(started.telemetry.flush_traces() && started.telemetry.flush_log());
        assert_eq!(dropped(&started, "traces", ""), 0);
        return;
    }
    let answer = OtlpAnswer {
        words: "this form is deprecated",
        ..OtlpAnswer::default()
    };
    let name = "what_a_collector_objects_to_is_told_once_and_costs_nothing";
    let lines = told(name, "grpc", answer);
    let warned = line(&lines, "telemetry_export_warned");
    assert_eq!(warned["error"], "this form is deprecated");
    let is_worse = |line: &Value| line["message"] == "telemetry_export_failed";
    assert!(!lines.iter().any(is_worse), "{lines:?}");
}
