//! "Calls to others", as docs/GRPC.md shows it: a request of one generated service, its call of another, and the statement there are
//! one trace.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use belvedere_testing::OtlpSink;

use super::build;
use super::checks::figure;
use super::drive::{PARENT_SPAN_ID, TRACE_ID};
use super::preset::{Preset, start_until_ready};
use super::snippet::Snippet;
use crate::check::spans::{Trace, expect};
use crate::check::tour::{as_ada, id_of, order};
use crate::checkout::Checkout;
use crate::run::http::Call;
use crate::run::service::Service;

const CALLS: Snippet = Snippet {
    file: "docs/GRPC.md",
    section: "Calls to others",
    max_added: 60,
};
/// For the last span of a service, on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
const REQUEST: &str = "GET /v1/branch/orders/{id}";
const CALL: &str = "orders.v1.OrderService/GetOrder";

/// Builds the service with the route that calls, and sends a request with the headers of each propagator.
pub(crate) fn check(checkout: &Checkout, preset: &Preset) -> Result<()> {
    CALLS.apply(checkout, &preset.folder)?;
    build::build(preset)?;
    let traceparent = format!("00-{TRACE_ID}-{PARENT_SPAN_ID}-01");
    is_one_trace(preset, "tracecontext", ("traceparent", traceparent))?;
    is_one_trace(
        preset,
        "b3",
        ("b3", format!("{TRACE_ID}-{PARENT_SPAN_ID}-1")),
    )
}

fn is_one_trace(
    preset: &Preset,
    propagators: &str,
    (name, value): (&'static str, String),
) -> Result<()> {
    let sink = OtlpSink::start()?;
    let start = |branch: &str| {
        let launch = preset
            .launch()
            .env("OTEL_PROPAGATORS", propagators)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", sink.endpoint())
            .env("BRANCH__URL", branch);
        start_until_ready(&launch).map(|(service, _)| service)
    };
    // It calls nobody.
    let last = start("http://127.0.0.1:1")?;
    let address = last.grpc.context("it has no gRPC listener")?;
    let first = start(&format!("http://{address}"))?;
    let ordered = as_ada(order(1)).send(last.http)?;
    let read = Call::get(&format!("/v1/branch/orders/{}", id_of(&ordered)?));
    let answer = as_ada(read).header(name, value).send(first.http)?;
    ensure!(
        answer.text() == "espresso",
        "the branch says {}",
        answer.text()
    );
    for service in [first, last] {
        let Service { running, .. } = service;
        running.stop()?;
    }
    let arrived = |span: &belvedere_testing::ReceivedSpan| span.name == REQUEST;
    ensure!(
        sink.wait_for(arrived, LIMIT).is_some(),
        "no span of {REQUEST}"
    );
    let trace = Trace(sink.trace(TRACE_ID));
    let request = trace.server(REQUEST)?;
    ensure!(
        request.parent_span_id == PARENT_SPAN_ID,
        "{propagators}: the caller's span is not its parent"
    );
    let call = trace.child(request, CALL)?;
    let served = trace.child(call, CALL)?;
    ensure!(
        (call.kind, served.kind) == ("client", "server"),
        "{propagators}: a {} span above a {} span",
        call.kind,
        served.kind
    );
    let statement = trace.child(served, "SELECT orders")?;
    expect(statement, "db.system.name", preset.system())?;
    figure(&format!("by {propagators}:"));
    sink.tree(TRACE_ID).lines().for_each(figure);
    Ok(())
}
