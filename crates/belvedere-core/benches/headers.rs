//! Trace context out of headers, and into them.

use std::hint::black_box;

use belvedere_core::{
    NewRequest, RequestContext,
    context::Route,
    propagation::{Incoming, Propagation},
    trace::{TraceParent, Tracer},
};
use criterion::{Criterion, criterion_group, criterion_main};

const W3C: &[u8] = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const B3: &[u8] = b"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1";
type Header = (&'static [u8], &'static [u8]);

/// Each way to name a trace.
const WAYS: [(&str, &[Header]); 6] = [
    ("none", &[(b"accept", b"*/*")]),
    ("traceparent", &[(b"traceparent", W3C)]),
    (
        "traceparent and tracestate",
        &[(b"traceparent", W3C), (b"tracestate", b"es=s:0.1,dd=s:1")],
    ),
    ("b3", &[(b"b3", B3)]),
    (
        "x-b3-*",
        &[
            (b"x-b3-traceid", b"4bf92f3577b34da6a3ce929d0e0e4736"),
            (b"x-b3-spanid", b"00f067aa0ba902b7"),
            (b"x-b3-sampled", b"1"),
        ],
    ),
    ("baggage", &[(b"baggage", b"plan=gold,region=eu%20west")]),
];

fn propagation(propagators: &str) -> Propagation {
    Propagation {
        propagators: propagators.parse().expect("four names"),
        baggage_keys: "plan,region".parse().expect("two keys"),
        ..Propagation::default()
    }
}

fn reading(criterion: &mut Criterion) {
    criterion.bench_function("TraceParent::parse", |bencher| {
        bencher.iter(|| TraceParent::parse(black_box(W3C)));
    });
    let all = propagation("tracecontext,baggage,b3,b3multi");
    for (way, headers) in WAYS {
        criterion.bench_function(&format!("read: {way}"), |bencher| {
            bencher.iter(|| {
                let mut incoming = Incoming::default();
                for (name, value) in black_box(headers) {
                    incoming.see(name, value);
                }
                incoming.caller(&all, || true)
            });
        });
    }
}

fn writing(criterion: &mut Criterion) {
    let parent = TraceParent::parse(W3C).expect("a good header");
    criterion.bench_function("TraceParent::to_ascii", |bencher| {
        bencher.iter(|| black_box(parent).to_ascii());
    });
    for propagators in ["tracecontext,baggage", "b3", "b3multi"] {
        let context = callers(propagators);
        criterion.bench_function(&format!("write: {propagators}"), |bencher| {
            bencher.iter(|| {
                context.inject(&parent, |name, value| {
                    black_box((name, value));
                });
            });
        });
    }
}

/// A request whose caller has sent all there is.
fn callers(propagators: &str) -> std::sync::Arc<RequestContext> {
    let propagation = propagation(propagators);
    let mut incoming = Incoming::default();
    for (name, value) in WAYS.iter().flat_map(|(_, headers)| *headers) {
        incoming.see(name, value);
    }
    NewRequest::new(&Route::new("GET", "/"), "/")
        .caller(incoming.caller(&propagation, || true))
        .propagators(propagation.propagators)
        .begin(&Tracer::off())
}

criterion_group!(benches, reading, writing);
criterion_main!(benches);
