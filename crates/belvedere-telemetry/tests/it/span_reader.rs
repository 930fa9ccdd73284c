//! Somebody who makes something other than OTLP of finished spans.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use belvedere_core::{
    About,
    control::Order,
    names::event,
    trace::{ChildSpan, FinishedSpan, SpanReader, SpanRecord, Status, Value},
};
use belvedere_telemetry::{Beside, Telemetry, TelemetryConfig};
use belvedere_testing::OtlpSink;
use opentelemetry::trace::SpanKind;
use tracing::info_span;

use crate::helpers::{child, is_child, line, lines, request};

const REQUESTS: usize = 400;

/// Keeps what it is given.
#[derive(Debug)]
struct Keeper {
    ratio: f64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    spans: Vec<FinishedSpan>,
    is_closed: bool,
}

impl SpanReader for Keeper {
    fn ratio(&self) -> f64 {
        self.ratio
    }

    fn read(&self, spans: Vec<FinishedSpan>) {
        let mut kept = self.kept();
        assert!(!kept.is_closed, "it was closed before");
        kept.spans.extend(spans);
    }

    fn close(&self) {
        self.kept().is_closed = true;
    }
}

impl Keeper {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spans(&self) -> Vec<FinishedSpan> {
        self.kept().spans.clone()
    }

    fn count(&self, name: &str) -> usize {
        let spans = self.spans();
        spans.iter().filter(|span| span.name == name).count()
    }
}

fn start(ratio: f64, change: impl FnOnce(&mut TelemetryConfig)) -> (Telemetry, Arc<Keeper>) {
    let keeper = Arc::new(Keeper {
        ratio,
        kept: Mutex::default(),
    });
    let mut config = TelemetryConfig::default();
    change(&mut config);
    let beside = Beside {
        spans: Some(Arc::clone(&keeper) as _),
        why_spans: "on: kept",
        ..Beside::default()
    };
    let about = About::new("shop", "1.2.3");
    let telemetry = Telemetry::start_beside(about, "development", &config, beside);
    (telemetry.expect("telemetry starts"), keeper)
}

/// A request with a user's span and a statement below that.
fn serve(telemetry: &Telemetry, fails: bool) {
    let context = request(telemetry);
    context.enter(|| {
        info_span!("process_order").in_scope(|| {
            let Some(statement) = ChildSpan::begin() else {
                return;
            };
            let text = "SELECT 'Bearer hunter2hunter2'";
            let attributes = [("db.query.text", Value::Str(text))];
            statement.finish(&SpanKind::Client, "SELECT", &attributes, Status::Unset);
        });
    });
    context.decide(fails);
    if context.is_sampled() || fails {
        context.record(&SpanRecord {
            trace_id: context.trace_id(),
            span_id: context.span_id(),
            parent: None,
            trace_state: None,
            kind: &SpanKind::Server,
            name: "GET /v1/orders/{id}",
            start: std::time::SystemTime::now(),
            end: std::time::SystemTime::now(),
            attributes: &[],
            status: Status::Unset,
            link: None,
        });
    }
}

#[test]
fn alone_it_is_given_whole_requests_before_the_flush_ends() {
    let (telemetry, keeper) = start(1.0, |_| ());
    serve(&telemetry, false);
    assert!(telemetry.flush_traces());
    assert!(keeper.kept().is_closed);
    let spans = keeper.spans();
    let [statement, own, server] = &*spans else {
        panic!("{spans:?}");
    };
    assert_eq!(server.name, "GET /v1/orders/{id}");
    assert_eq!(own.parent.unwrap().span_id, server.span_id);
    assert_eq!(statement.parent.unwrap().span_id, own.span_id);
    let roots = [statement, own, server].map(FinishedSpan::is_local_root);
    assert_eq!(roots, [false, false, true]);
    let shown = statement.attribute("db.query.text").unwrap().to_string();
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn it_has_a_share_of_its_own() {
    let otlp = OtlpSink::start().unwrap();
    let (telemetry, keeper) = start(0.25, |config| {
        config.otel.exporter_otlp_endpoint = Some(otlp.endpoint());
    });
    (0..REQUESTS).for_each(|_| serve(&telemetry, false));
    assert!(telemetry.flush_traces());
    assert_eq!(otlp.spans().len(), 3 * REQUESTS);
    let share = keeper.count("GET /v1/orders/{id}");
    // 100 are expected, with a standard deviation of 9.
    assert!((40..=160).contains(&share), "{share}");
    assert_eq!(keeper.spans().len(), 3 * share);
}

#[test]
fn what_fails_comes_whatever_the_share_and_without_users_spans() {
    let (telemetry, keeper) = start(1e-9, |_| ());
    serve(&telemetry, false);
    serve(&telemetry, true);
    assert!(telemetry.flush_traces());
    let names = keeper.spans();
    let names: Vec<_> = names.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["SELECT", "GET /v1/orders/{id}"]);
}

#[test]
fn it_obeys_an_order_as_all_back_ends_do() {
    let (telemetry, keeper) = start(1e-9, |_| ());
    let order = |ratio| telemetry.control().set_ratio(ratio, Order::default());
    order(1.0).unwrap();
    serve(&telemetry, false);
    order(0.0).unwrap();
    serve(&telemetry, false);
    assert!(telemetry.flush_traces());
    assert_eq!(keeper.count("GET /v1/orders/{id}"), 1);
}

#[test]
fn it_is_told_whether_spans_are_read_and_why() {
    const NAME: &str = "span_reader::it_is_told_whether_spans_are_read_and_why";
    if is_child() {
        let is_off = std::env::var_os("OFF").is_some();
        let (telemetry, keeper) = start(0.5, |config| config.otel.sdk_disabled = is_off);
        telemetry.announce();
        serve(&telemetry, false);
        telemetry.flush_traces();
        assert!(!is_off || keeper.spans().is_empty());
        telemetry.flush_log();
        return;
    }
    let told = |command: &mut std::process::Command| {
        let output = command.output().unwrap();
        assert!(output.status.success());
        line(&lines(&output), event::TELEMETRY_CONFIGURED)["transactions"].clone()
    };
    assert_eq!(told(&mut child(NAME)), "on: kept, ratio 0.5");
    let off = told(child(NAME).env("OFF", "1"));
    assert_eq!(off, "off: OTEL_SDK_DISABLED is true");
}
