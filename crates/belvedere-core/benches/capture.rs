//! What captured functions cost: outside of requests, where nothing is exported, and where it is.

use std::{hint::black_box, sync::Arc, time::Duration};

use belvedere_core::{
    NewRequest, RequestContext,
    context::Route,
    trace::{Kept, Sampler, SpanRecord, SpanSink, Tracer, Work},
};
use criterion::{Criterion, criterion_group, criterion_main};
use opentelemetry::TraceId;

const WORK: Work = Work {
    name: "charge",
    op: "function",
    description: None,
};

/// Looks at nothing: what an exporter costs is measured where it is.
#[derive(Debug)]
struct Nowhere;

impl SpanSink for Nowhere {
    fn encode(&self, span: &SpanRecord<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(span.name.as_bytes());
    }

    fn export(&self, _: TraceId, _: Kept, _: &[u8], _: usize) {}
}

fn capture() -> u64 {
    let capture = WORK.span(|| vec![("amount", belvedere_core::trace::Field::field(&7_u64))]);
    capture.call(|| black_box(7), |_| None)
}

fn request(tracer: &Tracer) -> Arc<RequestContext> {
    NewRequest::new(&Route::new("GET", "/"), "/").begin(tracer)
}

fn capturing(criterion: &mut Criterion) {
    criterion.bench_function("a function that is not captured", |bencher| {
        bencher.iter(|| black_box(7));
    });
    criterion.bench_function("capture_span outside of requests", |bencher| {
        bencher.iter(capture);
    });
    let off = request(&Tracer::off());
    criterion.bench_function("capture_span where nothing is exported", |bencher| {
        off.enter(|| bencher.iter(capture));
    });
    let sampler = Sampler::new(1.0, true);
    let tracer = Tracer::new(Arc::new(Nowhere), sampler, Duration::MAX);
    let on = request(&tracer);
    criterion.bench_function("capture_span of a sampled request", |bencher| {
        on.enter(|| bencher.iter(capture));
    });
    criterion.bench_function("capture_transaction where nothing is exported", |bencher| {
        bencher.iter(|| WORK.transaction(Vec::new).call(|| black_box(7), |_| None));
    });
}

criterion_group!(benches, capturing);
criterion_main!(benches);
