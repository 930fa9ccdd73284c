//! Collectors that do not collect.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use tracing::info_span;

use crate::helpers::{Started, refusing, request, start_with};

/// What `flush_traces` promises, and a little for a busy machine.
const FLUSH: Duration = Duration::from_millis(2500 + 700);
/// A start waits for nobody.
const START: Duration = Duration::from_secs(1);

fn start_quickly(endpoint: &str) -> Started {
    let began = Instant::now();
    let started = start_with(endpoint, 1.0);
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
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

fn flush(started: &Started) -> bool {
    let began = Instant::now();
    let is_flushed = started.telemetry.flush_traces();
    assert!(began.elapsed() < FLUSH, "{:?}", began.elapsed());
    is_flushed
}

#[test]
fn a_collector_that_refuses_delays_nothing() {
    let started = start_quickly(&refusing());
    work(&started);
    flush(&started);
    assert!(started.telemetry.flush_log());
}

#[test]
fn a_collector_that_never_answers_delays_nothing() {
    // Connections are accepted by the kernel and answered by nobody.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let started = start_quickly(&format!("http://{}", listener.local_addr().unwrap()));
    work(&started);
    assert!(!flush(&started));
    assert!(started.telemetry.flush_log());
}

#[test]
fn a_collector_without_an_address_delays_nothing() {
    let started = start_quickly("http://collector.invalid:4317");
    work(&started);
    flush(&started);
}
