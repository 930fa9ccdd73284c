//! What a call to another service costs beside the request that it is: plain reqwest, and an `Upstream` on the same client stack,
//! against one server, all in one thread.

use std::{sync::Arc, time::Duration};

use axum::{Router, routing::get};
use belvedere_core::{
    NewRequest, Shutdown,
    context::Route,
    trace::{Sampler, Tracer},
};
use belvedere_http::{Server, Upstream, UpstreamConfig, server::Limits};
use belvedere_testing::CapturedSpans;
use criterion::{Criterion, criterion_group, criterion_main};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::runtime::{Builder, Runtime};

fn serve(runtime: &Runtime) -> String {
    runtime.block_on(async {
        let routes = Router::new().route("/ok", get(|| async { r#"{"ok":true}"# }));
        let any = ([127, 0, 0, 1], 0).into();
        let server = Server::bind(any, routes, Limits::default(), Shutdown::default());
        let server = server.await.expect("a port is free");
        let url = format!("http://{}/", server.local_addr().expect("it is bound"));
        belvedere_core::spawn(server.run());
        url
    })
}

fn calls(criterion: &mut Criterion) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let _ = PrometheusBuilder::new().install_recorder();
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let url = serve(&runtime);
    let mut group = criterion.benchmark_group("a call");

    let client = reqwest::Client::new();
    let target = format!("{url}ok");
    group.bench_function("plain reqwest", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let answer = client.get(&target).send().await;
                answer.expect("an answer").bytes().await.expect("a body")
            })
        });
    });

    let config = UpstreamConfig {
        url: Some(url.parse().expect("it is one")),
        ..UpstreamConfig::default()
    };
    let upstream = Upstream::new("self", &config).expect("it can be called");
    group.bench_function("Upstream, outside of a request", |bencher| {
        bencher.iter(|| {
            runtime
                .block_on(upstream.get("ok").send())
                .expect("an answer")
        });
    });

    for (name, ratio) in [("in a request", 0.0), ("in a request, traced", 1.0)] {
        let spans = CapturedSpans::default();
        let sampler = Sampler::new(ratio, true);
        let tracer = match ratio {
            0.0 => Tracer::off(),
            _ => Tracer::new(Arc::new(spans.clone()), sampler, Duration::MAX),
        };
        let route = Route::new("GET", "/");
        group.bench_function(format!("Upstream, {name}"), |bencher| {
            bencher.iter(|| {
                let context = NewRequest::new(&route, "/").begin(&tracer);
                let call = context.scope(upstream.get("ok").send());
                runtime.block_on(call).expect("an answer")
            });
        });
        drop(spans.take());
    }
    group.finish();
}

criterion_group!(benches, calls);
criterion_main!(benches);
