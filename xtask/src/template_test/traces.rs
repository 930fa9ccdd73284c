//! The traces of a drive, as an OTLP back end received them.

use anyhow::{Context, Result, ensure};
use belvedere_testing::ReceivedSpan;

use super::checks::{Checks, figure};
use super::drive::{Drive, PARENT_SPAN_ID, TRACE_ID};
use crate::check::log::completion;
use crate::check::spans::{Trace, expect};

pub(crate) fn run(checks: &Checks, drive: &Drive<'_>) {
    checks.run("the order's trace is nested and complete", || order(drive));
    checks.run("the caller's trace is continued", || continued(drive));
    checks.run("every request left one server span", || one_each(drive));
}

fn order(drive: &Drive<'_>) -> Result<()> {
    let ordered = &drive.visits[1];
    let logged = completion(&drive.lines, &ordered.request_id)?;
    let trace_id = logged.text("trace_id");
    let trace = Trace(drive.sink.trace(trace_id));
    let server = trace
        .server("POST /v1/orders")
        .with_context(|| format!("trace {trace_id} of the log"))?;
    check_server(server, drive)?;
    let logged = logged.text("span_id");
    ensure!(
        server.span_id == logged,
        "the log's span_id is {logged}, the server span's {}",
        server.span_id
    );
    let process = trace.child(server, "process_order")?;
    for step in ["validate_inventory", "save_order"] {
        trace.statement(trace.child(process, step)?, drive.preset.system())?;
    }
    trace.child(process, "charge_payment")?;
    drive.sink.tree(trace_id).lines().for_each(figure);
    Ok(())
}

fn check_server(server: &ReceivedSpan, drive: &Drive<'_>) -> Result<()> {
    ensure!(
        server.parent_span_id.is_empty(),
        "the server span has a parent nobody sent"
    );
    ensure!(
        server.status_code == 0,
        "a 201 has span status {}",
        server.status_code
    );
    expect(server, "http.request.method", "POST")?;
    expect(server, "http.route", "/v1/orders")?;
    expect(server, "url.path", "/v1/orders")?;
    expect(server, "http.response.status_code", "201")?;
    let service = server
        .resource
        .get("service.name")
        .map_or("missing", String::as_str);
    ensure!(
        service == drive.preset.name,
        "service.name is {service}, not {}",
        drive.preset.name
    );
    Ok(())
}

fn continued(drive: &Drive<'_>) -> Result<()> {
    let trace = Trace(drive.sink.trace(TRACE_ID));
    let server = trace.server("GET /v1/orders/{id}")?;
    let parent = &server.parent_span_id;
    ensure!(
        parent == PARENT_SPAN_ID,
        "the server span's parent is `{parent}`, not the caller's {PARENT_SPAN_ID}"
    );
    Ok(())
}

fn one_each(drive: &Drive<'_>) -> Result<()> {
    let spans = drive.sink.spans();
    for visit in &drive.visits {
        let trace_id = completion(&drive.lines, &visit.request_id)?.text("trace_id");
        let servers = spans
            .iter()
            .filter(|span| span.trace_id == trace_id && span.kind == "server");
        let count = servers.count();
        ensure!(
            count == 1,
            "{} left {count} server spans, not 1",
            visit.told
        );
    }
    let probes = spans.iter().filter(|span| span.name.contains("/health"));
    ensure!(probes.count() == 0, "a probe left a span");
    Ok(())
}
