//! The service at work: every signal of every request is looked at.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use belvedere_testing::OtlpSink;
use serde_json::{Value, json};

use super::checks::{Checks, figure};
use super::preset::{Preset, start_until_ready};
use super::{logs, metrics, picture, traces};
use crate::check::log::{self, LogLine};
use crate::check::metrics::Scrape;
use crate::check::tour::{self, Stop, Visit};
use crate::interrupt;
use crate::run::http::Call;
use crate::run::service::{Ended, Service};

/// Sent along with one request: the log and the trace must carry it on.
pub(crate) const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub(crate) const PARENT_SPAN_ID: &str = "00f067aa0ba902b7";
pub(crate) const REQUEST_ID: &str = "req-from-outside.1";
/// Twice what the body limit lets through, at the least.
const LARGE: usize = 2 * 1024 * 1024;

/// A request is counted when its body has been handed over: a moment after the caller has it.
const SETTLED: Duration = Duration::from_millis(200);

/// All that one run of the service left behind.
pub(crate) struct Drive<'a> {
    pub(crate) preset: &'a Preset,
    pub(crate) visits: Vec<Visit>,
    pub(crate) scrape: Scrape,
    pub(crate) lines: Vec<LogLine>,
    pub(crate) sink: &'a OtlpSink,
}

/// `None` when a step that all others need has failed.
pub(crate) fn run(checks: &Checks, preset: &Preset) -> Option<()> {
    let sink = checks.run("an OTLP back end", || Ok(OtlpSink::start()?))?;
    let launch = preset
        .launch()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", sink.endpoint())
        .env("DATABASE__SLOW_QUERY_MS", "0");
    let (service, ready) = checks.run("started and ready", || start_until_ready(&launch))?;
    figure(&format!(
        "ready {} ms after exec (debug build)",
        ready.as_millis()
    ));
    checks.run("health", || health(preset, &service));
    let visits = send(checks, service.http)?;
    let scrape = checks.run("/metrics is on the admin listener alone", || {
        scrape(&service)
    })?;
    let ended = checks.run("SIGTERM ends it with 0", || stopped(service))?;
    let lines = checks.run("every log line keeps the contract", || {
        log::read_all(&ended.log)
    })?;
    let drive = Drive {
        preset,
        visits,
        scrape,
        lines,
        sink: &sink,
    };
    logs::run(checks, &drive);
    metrics::run(checks, &drive);
    traces::run(checks, &drive);
    if preset.system() == "sqlite" {
        picture::run(checks, &drive);
    }
    Some(())
}

fn send(checks: &Checks, address: SocketAddr) -> Option<Vec<Visit>> {
    let mut visits = checks.run("five requests", || tour::walk(address))?;
    visits.extend(checks.run("bad requests are problems", || refused(address))?);
    visits.push(checks.run("the caller's ids are taken over", || {
        carried(address, &visits)
    })?);
    Some(visits)
}

fn health(preset: &Preset, service: &Service) -> Result<()> {
    for listener in [service.http, service.admin] {
        expect_body(listener, "/health/live", &json!({ "status": "ok" }))?;
        expect_body(listener, "/health/startup", &json!({ "status": "ok" }))?;
        expect_body(listener, "/health/ready", &preset.ready())?;
        expect_body(listener, "/livez", &json!({ "status": "ok" }))?;
    }
    Ok(())
}

fn expect_body(address: SocketAddr, path: &str, body: &Value) -> Result<()> {
    let answer = Call::get(path).send(address)?;
    ensure!(
        answer.status == 200,
        "GET {path} on {address} -> {}",
        answer.status
    );
    let found = answer.json()?;
    ensure!(found == *body, "GET {path} -> {found}, not {body}");
    Ok(())
}

/// 400, 405, 413 and 415; the 404 and the 422 are part of the walk.
fn refused(address: SocketAddr) -> Result<Vec<Visit>> {
    let orders = "/v1/orders";
    let large = format!(r#"{{"product":"{}","quantity":1}}"#, "x".repeat(LARGE));
    let stops = [
        Stop::new(Call::post(orders, "{\"product\":"), 400),
        Stop::new(Call::new("DELETE", "/v1/users"), 405),
        Stop::new(Call::post(orders, large), 413),
        Stop::new(tour::order(1).header("content-type", "text/plain"), 415),
    ];
    stops.into_iter().map(|stop| stop.visit(address)).collect()
}

/// Reads the order of the walk again, with ids of the caller's own.
fn carried(address: SocketAddr, visits: &[Visit]) -> Result<Visit> {
    let read = visits[2].stop.call.clone();
    let read = read
        .header("x-request-id", REQUEST_ID)
        .header("traceparent", format!("00-{TRACE_ID}-{PARENT_SPAN_ID}-01"));
    let visit = Stop::new(read, 200).visit(address)?;
    let found = &visit.request_id;
    ensure!(
        found == REQUEST_ID,
        "x-request-id is {found}, not the caller's {REQUEST_ID}"
    );
    Ok(visit)
}

fn scrape(service: &Service) -> Result<Scrape> {
    interrupt::pause(SETTLED)?;
    let answer = Call::get("/metrics").send(service.admin)?;
    ensure!(
        answer.status == 200,
        "GET /metrics on the admin listener -> {}",
        answer.status
    );
    let kind = answer.header("content-type").unwrap_or_default();
    ensure!(
        kind.starts_with("text/plain; version=0.0.4"),
        "/metrics has content-type {kind}"
    );
    let public = tour::as_ada(Call::get("/metrics")).send(service.http)?;
    ensure!(
        public.status == 404,
        "GET /metrics on the public listener -> {}, not 404",
        public.status
    );
    Scrape::read(&answer.text())
}

fn stopped(service: Service) -> Result<Ended> {
    let ended = service.running.stop()?;
    let status = ended.status;
    ensure!(
        status.success(),
        "ended with {status}: {}",
        ended.errors.join("\n")
    );
    ensure!(
        ended.errors.is_empty(),
        "wrote to standard error: {}",
        ended.errors.join("\n")
    );
    Ok(ended)
}
