//! A real collector, which is no code of ours: rotel, as `make tools` installs it.

use std::{
    env,
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use belvedere_core::trace::{ChildSpan, Status};
use opentelemetry::trace::SpanKind;
use tempfile::TempDir;

use crate::helpers::{request, start};

/// Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

struct Rotel {
    process: Child,
    grpc: u16,
    http: u16,
    said: Arc<Mutex<String>>,
    _folder: TempDir,
}

impl Rotel {
    /// `None` when it is not installed.
    fn start() -> Option<Self> {
        let program = installed()?;
        let folder = TempDir::new().expect("a temporary folder");
        let (grpc, http) = (free_port(), free_port());
        let mut process = Command::new(program)
            .arg("start")
            .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")])
            .args(["--otlp-http-endpoint", &format!("127.0.0.1:{http}")])
            .args(["--exporter", "blackhole"])
            .args([
                "--debug-log",
                "traces",
                "--debug-log",
                "metrics",
                "--debug-log",
                "logs",
            ])
            .args(["--debug-log-verbosity", "detailed"])
            .env("ROTEL_PID_FILE", folder.path().join("pid"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("rotel starts");
        let said = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&said);
        let stdout = BufReader::new(process.stdout.take().expect("it is piped"));
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let mut said = heard.lock().expect("nobody panics here");
                said.push_str(&line);
                said.push('\n');
            }
        });
        let rotel = Self {
            process,
            grpc,
            http,
            said,
            _folder: folder,
        };
        for port in [grpc, http] {
            wait_until("it listens", || {
                TcpStream::connect(("127.0.0.1", port)).is_ok()
            });
        }
        Some(rotel)
    }

    fn wait_for(&self, text: &str) {
        wait_until(text, || {
            self.said.lock().expect("nobody panics here").contains(text)
        });
    }
}

impl Drop for Rotel {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn installed() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty());
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let program = cache
        .map(PathBuf::from)
        .or_else(home)?
        .join("belvedere/rotel/rotel/rotel-agent");
    program.is_file().then_some(program)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what:?}");
        thread::sleep(PAUSE);
    }
}

#[expect(
    clippy::print_stderr,
    reason = "who runs the tests has to know what was not tested"
)]
fn arrives(protocol: &str) {
    let Some(rotel) = Rotel::start() else {
        return eprintln!("NOT TESTED: rotel is not installed; `make tools` does it");
    };
    let port = if protocol == "grpc" {
        rotel.grpc
    } else {
        rotel.http
    };
    let started = start(|config| {
        config.otel.exporter_otlp_endpoint = Some(format!("http://127.0.0.1:{port}"));
        config.otel.exporter_otlp_protocol = protocol.to_owned();
        config.otel.exporter_otlp_compression = Some("gzip".to_owned());
        config.otel.logs_exporter = Some("otlp".to_owned());
        config.otel.metrics_exporter = Some("otlp".to_owned());
    });
    metrics::counter!("orders_total").increment(3);
    let context = request(&started.telemetry);
    context.enter(|| {
        tracing::warn!(espressos = 7, "order_placed");
        let statement = ChildSpan::begin().expect("export is on");
        let attributes = [("db.collection.name", "orders".into())];
        statement.finish(
            &SpanKind::Client,
            "SELECT orders",
            &attributes,
            Status::Unset,
        );
    });
    assert!(started.telemetry.flush_traces() && started.telemetry.flush_log());
    rotel.wait_for("SELECT orders");
    rotel.wait_for("db.collection.name");
    rotel.wait_for(&context.trace_id().to_string());
    rotel.wait_for("order_placed");
    rotel.wait_for("espressos");
    rotel.wait_for("service.instance.id");
    rotel.wait_for("orders_total");
    rotel.wait_for("log_events_total");
}

#[test]
fn a_real_collector_takes_every_signal_over_grpc() {
    arrives("grpc");
}

#[test]
fn a_real_collector_takes_every_signal_over_http() {
    arrives("http/protobuf");
}
