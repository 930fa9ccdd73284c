//! `make demo`: a fresh service, a few requests, and everything they leave behind.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use belvedere_testing::OtlpSink;

use crate::check::log::{LogLine, completion, read_all};
use crate::check::tour::{self, Visit};
use crate::checkout::Checkout;
use crate::generate::{Around, Generation, Source};
use crate::interrupt;
use crate::run::command;
use crate::run::http::Call;
use crate::run::service::{Launch, Service};
use crate::run::step;

const NAME: &str = "demo";
/// The ports of the contract, taken when nobody else has them.
const PORTS: (u16, u16) = (8000, 9464);
/// The exporter sends what it has every few seconds.
const TRACE_LIMIT: Duration = Duration::from_secs(15);
/// How often the log of the running demo is looked at.
const FOLLOW: Duration = Duration::from_millis(200);
/// The metrics worth showing first.
const SHOWN: [&str; 5] = [
    "http_requests_total",
    "http_request_duration_seconds_count",
    "db_client_operation_duration_seconds_count",
    "revenue_total_usd",
    "user_signups_total",
];

/// With `--once` it ends after the requests; a wrong answer is an error either way.
pub(crate) fn run(checkout: &Checkout, args: &[String]) -> Result<()> {
    let once = args.iter().any(|arg| arg == "--once");
    let around = tempfile::tempdir()?;
    let folder = generate(checkout, around.path())?;
    let binary = build(checkout, &folder)?;
    let sink = OtlpSink::start()?;
    step("starting it: SQLite file, no other service needed");
    let service = launch(&binary, &folder, &sink).start()?;
    let visits = requests(&service)?;
    show(&service, &sink, &visits)?;
    match once {
        true => finish(service),
        false => stay(service),
    }
}

fn generate(checkout: &Checkout, around: &Path) -> Result<PathBuf> {
    step("generating a service named demo");
    let generation = Generation {
        name: NAME,
        database: "sqlite",
        redis: false,
        grpc: false,
        jobs: true,
        destination: around,
        source: Source::Checkout(checkout.clone()),
        around: Around::Untouched,
    };
    generation.run()
}

fn build(checkout: &Checkout, folder: &Path) -> Result<PathBuf> {
    step("building it (the first time takes minutes)");
    let target = checkout.target();
    command::stream(command::cargo(folder, &target).arg("build"))?;
    Ok(target.join("debug").join(NAME))
}

fn launch(binary: &Path, folder: &Path, sink: &OtlpSink) -> Launch {
    Launch::new(binary, folder)
        .env("HTTP__ADDR", address(PORTS.0))
        .env("ADMIN__ADDR", address(PORTS.1))
        .env("SHUTDOWN__DRAIN_SECONDS", "0")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", sink.endpoint())
}

fn address(port: u16) -> String {
    let free = TcpListener::bind(("127.0.0.1", port)).is_ok();
    format!("127.0.0.1:{}", if free { port } else { 0 })
}

fn requests(service: &Service) -> Result<Vec<Visit>> {
    step("a sign-up, an order, the order read back, an unknown route, an order of nothing");
    let visits = tour::walk(service.http)?;
    for visit in &visits {
        println!("{:<40} {}", visit.told, visit.answer.text());
    }
    Ok(visits)
}

fn show(service: &Service, sink: &OtlpSink, visits: &[Visit]) -> Result<()> {
    step("its log");
    let lines = wait_for_log(service, visits)?;
    lines.iter().for_each(|line| println!("{}", line.raw()));
    step("the trace of the order");
    println!("{}", order_trace(sink, &lines, visits)?.trim_end());
    step("some of its metrics");
    show_metrics(service)?;
    step("to look at");
    for (what, address, path) in [
        ("readiness", service.http, "/health/ready"),
        ("metrics", service.admin, "/metrics"),
    ] {
        println!("{what:<10} http://{address}{path}");
    }
    Ok(())
}

/// The log is written behind the answer's back: it may be a moment late.
fn wait_for_log(service: &Service, visits: &[Visit]) -> Result<Vec<LogLine>> {
    let last = visits.last().map_or("", |visit| visit.request_id.as_str());
    let is_last =
        |line: &str| (line.contains("request_completed") && line.contains(last)).then_some(());
    let log = service.running.log();
    log.wait_for(Duration::from_secs(5), is_last)
        .context("the last request has no request_completed line")?;
    let lines = read_all(&log.all())?;
    for visit in visits {
        completion(&lines, &visit.request_id).with_context(|| visit.told.clone())?;
    }
    Ok(lines)
}

fn order_trace(sink: &OtlpSink, lines: &[LogLine], visits: &[Visit]) -> Result<String> {
    let order = visits.get(1).context("there was no order")?;
    let trace_id = completion(lines, &order.request_id)?.text("trace_id");
    let root = |name: &str, id: &str| name == "POST /v1/orders" && id == trace_id;
    sink.wait_for(|span| root(&span.name, &span.trace_id), TRACE_LIMIT)
        .with_context(|| format!("no trace {trace_id} of the order in {TRACE_LIMIT:?}"))?;
    Ok(sink.tree(trace_id))
}

fn show_metrics(service: &Service) -> Result<()> {
    let answer = Call::get("/metrics").send(service.admin)?;
    if answer.status != 200 {
        bail!("GET /metrics -> {}", answer.status);
    }
    let text = answer.text();
    let shown = |line: &&str| SHOWN.iter().any(|name| line.starts_with(name));
    text.lines()
        .filter(shown)
        .for_each(|line| println!("{line}"));
    Ok(())
}

fn finish(service: Service) -> Result<()> {
    let ended = service.running.stop()?;
    if !ended.status.success() {
        bail!("the service ended with {}", ended.status);
    }
    step("all answered as they should; stopped");
    Ok(())
}

fn stay(service: Service) -> Result<()> {
    step("running; Ctrl-C ends it");
    let mut shown = service.running.log().all().len();
    while interrupt::pause(FOLLOW).is_ok() {
        let lines = service.running.log().all();
        lines[shown..].iter().for_each(|line| println!("{line}"));
        shown = lines.len();
        if service.running.log().has_ended() {
            bail!("the service has ended by itself");
        }
    }
    finish(service)
}
