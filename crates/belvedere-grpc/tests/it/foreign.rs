//! A client that is no code of ours: Python's grpcio, as `make tools` installs it.

use std::{env, path::PathBuf, process::Command};

use serde_json::Value;

use crate::harness::Service;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Where grpcio is, if it is installed.
fn grpcio() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty());
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let folder = cache
        .map(PathBuf::from)
        .or_else(home)?
        .join("belvedere/grpcio");
    folder.is_dir().then_some(folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_client_calls_continues_its_trace_and_reads_health_and_error_details() {
    let Some(grpcio) = grpcio() else {
        return eprintln!("NOT TESTED: grpcio is not installed; `make tools` does it");
    };
    let service = Service::start().await;
    let mut python = Command::new("python3");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/foreign.py");
    python.env("PYTHONPATH", grpcio).arg(script);
    python.arg(service.addr.to_string());
    python.arg(format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let called = tokio::task::spawn_blocking(move || python.output());
    let output = called.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let saw: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |key: &str| saw[key].as_str().unwrap().to_owned();
    assert!(text("who").starts_with(TRACE), "{saw}");
    assert_eq!(saw["messages"], 2);
    assert_eq!(saw["serving"], true);
    assert_eq!(text("code"), "NOT_FOUND");
    assert!(
        text("message").starts_with("no such order [trace "),
        "{saw}"
    );
    service.completed(3).await;
    let completed = service.logs.completed();
    let request_id = completed[2].of_request("request_id");
    for wanted in ["order_not_found", "google.rpc.ErrorInfo", request_id] {
        assert!(text("details").contains(wanted), "{wanted}: {saw}");
    }
}
