//! What every request pays, whatever becomes of its trace.

use belvedere_core::{
    NewRequest, RequestContext,
    context::Route,
    propagation::{Incoming, Propagation},
    trace::Tracer,
};
use criterion::{Criterion, criterion_group, criterion_main};

/// What a plain client sends.
const PLAIN: [(&str, &str); 4] = [
    ("host", "shop.example.com"),
    ("user-agent", "curl/8.5.0"),
    ("accept", "*/*"),
    ("accept-encoding", "gzip"),
];
/// What a service behind another one is sent besides.
const CALLER: [(&str, &str); 3] = [
    (
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
    ),
    ("tracestate", "es=s:0.1,dd=s:1"),
    ("x-request-id", "0199a1c2-7d3e-7c4b-9a55-2f6c1d0e8b77"),
];

fn incoming<'h>(headers: &[(&str, &'h str)]) -> Incoming<'h> {
    let mut incoming = Incoming::default();
    for (name, value) in headers {
        incoming.see(name.as_bytes(), value.as_bytes());
    }
    incoming
}

fn beginning(criterion: &mut Criterion) {
    let (route, tracer) = (Route::new("GET", "/v1/orders/{id}"), Tracer::off());
    let propagation = Propagation::default();
    criterion.bench_function("NewRequest::begin, unsampled", |bencher| {
        bencher.iter(|| NewRequest::new(&route, "/v1/orders/7").begin(&tracer));
    });
    let headers = [&PLAIN[..], &CALLER].concat();
    criterion.bench_function("NewRequest::begin, in its caller's trace", |bencher| {
        bencher.iter(|| {
            let incoming = incoming(&headers);
            NewRequest::new(&route, "/v1/orders/7")
                .request_id(incoming.request_id())
                .caller(incoming.caller(&propagation, || true))
                .begin(&tracer)
        });
    });
}

fn context_of_a_request(criterion: &mut Criterion) {
    let context = NewRequest::new(&Route::new("GET", "/"), "/").begin(&Tracer::off());
    criterion.bench_function("RequestContext::with, in a request", |bencher| {
        context.enter(|| bencher.iter(|| RequestContext::with(RequestContext::trace_id)));
    });
}

criterion_group!(benches, beginning, context_of_a_request);
criterion_main!(benches);
