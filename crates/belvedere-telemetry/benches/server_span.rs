//! A request's own span, from the request's begin to the queue.

use std::{net::TcpListener, time::SystemTime};

use belvedere_core::{
    About, NewRequest, RequestContext,
    context::Route,
    trace::{Attribute, SpanRecord, Status, Value},
};
use belvedere_telemetry::{OtelConfig, Telemetry, TelemetryConfig};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use opentelemetry::trace::SpanKind;

/// As `belvedere-http` writes them.
const ATTRIBUTES: [Attribute<'static>; 8] = [
    ("http.request.method", Value::Const("GET")),
    ("url.scheme", Value::Const("http")),
    ("network.protocol.version", Value::Const("1.1")),
    ("url.path", Value::Str("/v1/orders/7")),
    ("client.address", Value::Str("10.0.0.7")),
    ("http.route", Value::Str("/v1/orders/{id}")),
    (
        "request_id",
        Value::Str("0199a1c2-7d3e-7c4b-9a55-2f6c1d0e8b77"),
    ),
    ("http.response.status_code", Value::Int(200)),
];

fn start(collector: &TcpListener) -> Telemetry {
    let addr = collector.local_addr().expect("it listens");
    let config = TelemetryConfig {
        otel: OtelConfig {
            exporter_otlp_endpoint: Some(format!("http://{addr}")),
            ..OtelConfig::default()
        },
        ..TelemetryConfig::default()
    };
    Telemetry::start(About::new("shop", "1.2.3"), "production", &config).expect("telemetry starts")
}

/// The collector never answers, so that the queue is soon full: what is dropped there costs more than what is queued.
fn server_span(criterion: &mut Criterion) {
    let collector = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let telemetry = start(&collector);
    let (route, tracer) = (Route::new("GET", "/v1/orders/{id}"), telemetry.tracer());
    let request = || NewRequest::new(&route, "/v1/orders/7").begin(tracer);
    tracer.sampler().set_ratio(1.0);
    criterion.bench_function("server span, kept", |bencher| {
        bencher.iter_batched(request, |context| record(&context), BatchSize::SmallInput);
    });
    tracer.sampler().set_ratio(0.0);
    criterion.bench_function("server span, not kept", |bencher| {
        bencher.iter_batched(
            request,
            |context| context.decide(false),
            BatchSize::SmallInput,
        );
    });
    criterion.bench_function("a request and its server span, not kept", |bencher| {
        bencher.iter(|| request().decide(false));
    });
}

fn record(context: &RequestContext) {
    let now = SystemTime::now();
    context.record(&SpanRecord {
        trace_id: context.trace_id(),
        span_id: context.span_id(),
        parent: context.server_parent(),
        trace_state: None,
        kind: &SpanKind::Server,
        name: "GET /v1/orders/{id}",
        start: now,
        end: now,
        attributes: &ATTRIBUTES,
        status: Status::Unset,
        link: None,
    });
}

criterion_group!(benches, server_span);
criterion_main!(benches);
