use std::{
    net::TcpListener,
    process::{Command, Output, Stdio},
    sync::Arc,
};

use belvedere_core::{About, NewRequest, RequestContext, context::Route};
use belvedere_telemetry::{Telemetry, TelemetryConfig, TelemetryError};
use serde_json::Value;
use tokio::runtime::Runtime;

/// Set in a child process.
const CHILD: &str = "BELVEDERE_TEST_CHILD";

/// The exporter's connection lives on a runtime, which has to outlive the flush.
pub(crate) struct Started {
    pub(crate) telemetry: Telemetry,
    _runtime: Runtime,
}

pub(crate) fn try_start(
    change: impl FnOnce(&mut TelemetryConfig),
) -> Result<Started, TelemetryError> {
    let mut config = TelemetryConfig::default();
    change(&mut config);
    let runtime = Runtime::new().expect("a runtime");
    let context = runtime.enter();
    let telemetry = Telemetry::start(About::new("shop", "1.2.3"), "development", &config)?;
    drop(context);
    Ok(Started {
        telemetry,
        _runtime: runtime,
    })
}

pub(crate) fn start(change: impl FnOnce(&mut TelemetryConfig)) -> Started {
    try_start(change).expect("telemetry starts")
}

/// Exports to `endpoint`, and samples at `ratio`.
pub(crate) fn start_with(endpoint: &str, ratio: f64) -> Started {
    start(|config| {
        config.otel.exporter_otlp_endpoint = Some(endpoint.to_owned());
        config.otel.traces_sampler_arg = Some(ratio);
    })
}

pub(crate) fn request(telemetry: &Telemetry) -> Arc<RequestContext> {
    NewRequest::new(&Route::new("GET", "/v1/orders/{id}"), "/v1/orders/7").begin(telemetry.tracer())
}

/// What `telemetry_dropped_total` counts of a signal, for one reason or, if it is empty, for all.
pub(crate) fn dropped(started: &Started, signal: &str, reason: &str) -> u64 {
    let text = started.telemetry.metrics().render();
    let signal = format!("signal=\"{signal}\"");
    let reason = format!("reason=\"{reason}");
    let lines = text.lines().filter(|line| {
        line.starts_with("telemetry_dropped_total{")
            && line.contains(&signal)
            && line.contains(&reason)
    });
    let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

/// A port that nobody listens on.
pub(crate) fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    format!("http://{address}")
}

pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// This binary again, with only the test of that name, as a child.
pub(crate) fn child(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test is a file"));
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .env_remove("RUST_BACKTRACE")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a child logged. The test harness writes there too, even before an object on the same line.
pub(crate) fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    let objects = text.lines().filter_map(|line| line.get(line.find('{')?..));
    objects
        .filter_map(|object| serde_json::from_str(object).ok())
        .collect()
}

pub(crate) fn line(lines: &[Value], message: &str) -> Value {
    let mut found = lines.iter().filter(|line| line["message"] == message);
    let line = found
        .next()
        .unwrap_or_else(|| panic!("no {message} in {lines:?}"));
    assert!(found.next().is_none(), "{message} was told twice");
    line.clone()
}
