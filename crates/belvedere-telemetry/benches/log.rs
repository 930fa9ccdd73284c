//! One event inside of a request, from the macro to the queue.

use std::io;

use belvedere_core::{Identity, NewRequest, Redactor, context::Route, trace::Tracer};
use belvedere_telemetry::{LogLayer, LogSink, StaticFields};
use criterion::{Criterion, criterion_group, criterion_main};
use tracing_subscriber::{Registry, layer::SubscriberExt};

fn install() {
    let sink = LogSink::start(io::sink(), |_| Vec::new()).expect("a thread");
    let fixed = StaticFields::new("shop", "production", "1.2.3");
    let lines = LogLayer::new(sink, fixed, Redactor::default());
    let subscriber = Registry::default().with(lines);
    tracing::subscriber::set_global_default(subscriber).expect("the first one");
}

fn event_in_a_request(criterion: &mut Criterion) {
    install();
    let route = Route::new("POST", "/v1/orders/{id}");
    let context = NewRequest::new(&route, "/v1/orders/7").begin(&Tracer::off());
    context.bind_identity(Identity {
        tenant_id: "acme".into(),
        user_id: Some("ada".into()),
    });
    criterion.bench_function("info! in a request", |bencher| {
        context.enter(|| {
            bencher.iter(|| tracing::info!(order_id = 7, product = "espresso", "order_placed"));
        });
    });
}

criterion_group!(benches, event_in_a_request);
criterion_main!(benches);
