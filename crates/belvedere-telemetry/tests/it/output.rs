//! What reaches the file descriptors.

use std::{
    io::Read,
    panic::catch_unwind,
    process::exit,
    time::{Duration, Instant},
};

use belvedere_core::names::event;

use crate::helpers::{Started, child, is_child, line, lines, request, start};

/// Exit code of a child that has done all its work.
const DONE: i32 = 7;

#[test]
fn a_panic_is_told_once_with_its_request_and_nothing_on_stderr() {
    const NAME: &str = "output::a_panic_is_told_once_with_its_request_and_nothing_on_stderr";
    if is_child() {
        let started = start(|_| ());
        let context = request(&started.telemetry);
        let caught = context.enter(|| catch_unwind(|| panic!("the till is {}", "empty")));
        assert!(caught.is_err() && started.telemetry.flush_log());
        return;
    }
    let output = child(NAME).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let told = line(&lines(&output), event::UNHANDLED_EXCEPTION);
    assert_eq!(
        (&told["level"], &told["exc_type"]),
        (&"error".into(), &"panic".into())
    );
    assert_eq!(told["exc_message"], "the till is empty");
    assert!(
        told["location"].as_str().unwrap().contains("output.rs:"),
        "{told}"
    );
    assert_eq!(told["route"], "/v1/orders/{id}");
    assert_eq!(told["trace_id"].as_str().map(str::len), Some(32));
    assert!(told.get("backtrace").is_none(), "{told}");
    let output = child(NAME).env("RUST_BACKTRACE", "1").output().unwrap();
    let told = line(&lines(&output), event::UNHANDLED_EXCEPTION);
    assert!(told["backtrace"].is_string(), "{told}");
}

fn log_a_lot(started: &Started) {
    let began = Instant::now();
    for n in 0..20_000 {
        tracing::info!(n, filler = "x".repeat(300), "order_placed");
    }
    started.telemetry.flush_log();
    let took = began.elapsed();
    exit(if took < Duration::from_secs(10) {
        DONE
    } else {
        1
    });
}

#[test]
fn stdout_that_is_never_read_stops_nothing() {
    if is_child() {
        log_a_lot(&start(|_| ()));
    }
    let mut child = child("output::stdout_that_is_never_read_stops_nothing")
        .spawn()
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(DONE));
}

#[test]
fn stdout_that_is_closed_stops_nothing() {
    if is_child() {
        let started = start(|_| ());
        tracing::info!("first");
        started.telemetry.flush_log();
        log_a_lot(&started);
    }
    let mut child = child("output::stdout_that_is_closed_stops_nothing")
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    // The harness has said its part by then.
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains("\"first\"") {
        let mut some = [0; 512];
        let count = stdout.read(&mut some).unwrap();
        read.extend_from_slice(&some[..count]);
    }
    drop(stdout);
    assert_eq!(child.wait().unwrap().code(), Some(DONE));
}
