//! Strangers who want more of their requests to be kept than others are.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{body::Body, extract::Request, response::Response};
use belvedere_core::{
    Shutdown,
    propagation::Propagation,
    trace::{Sampler, Tracer},
};
use belvedere_http::{Observe, Peer};
use belvedere_testing::CapturedSpans;
use tower::{Layer, Service as _, service_fn};

use crate::harness::{Service, Setup};

const REQUESTS: usize = 100_000;
/// By each header that can say so; the id is one that every ratio above zero would draw.
const FORGED: [(&str, &str); 5] = [
    (
        "traceparent",
        "00-4bf92f3577b34da60000000000000001-00f067aa0ba902b7-01",
    ),
    (
        "elastic-apm-traceparent",
        "00-4bf92f3577b34da60000000000000001-00f067aa0ba902b7-01",
    ),
    ("b3", "4bf92f3577b34da60000000000000001-00f067aa0ba902b7-d"),
    ("b3", "1"),
    ("x-b3-flags", "1"),
];

fn every_propagator() -> Propagation {
    Propagation {
        propagators: "tracecontext,baggage,b3,b3multi".parse().unwrap(),
        ..Propagation::default()
    }
}

/// How many spans are exported of requests from `peer`, a tenth of which are sampled at their head.
async fn exported(peer: SocketAddr, requests: usize) -> usize {
    let spans = CapturedSpans::default();
    let sampler = Sampler::new(0.1, true);
    let tracer = Tracer::new(Arc::new(spans.clone()), sampler, Duration::MAX);
    let observe = Observe::new(tracer, Shutdown::default()).propagation(every_propagator());
    let answer = |_: Request| async { Ok::<_, Infallible>(Response::new(Body::empty())) };
    let mut service = observe.layer().layer(service_fn(answer));
    for (name, value) in FORGED.into_iter().cycle().take(requests) {
        let request = Request::get("/").header(name, value).extension(Peer(peer));
        let request = request.body(Body::empty()).unwrap();
        drop(service.call(request).await.unwrap());
    }
    spans.all().len()
}

#[tokio::test]
async fn of_a_hundred_thousand_forged_requests_the_configured_share_is_exported() {
    let stranger = ([203, 0, 113, 9], 443).into();
    let exported = exported(stranger, REQUESTS).await;
    // Ten times the deviation that chance allows for.
    assert!(exported.abs_diff(REQUESTS / 10) < 1_000, "{exported}");
}

#[tokio::test]
async fn what_a_stranger_forges_a_trusted_peer_decides() {
    let trusted = ([10, 0, 0, 9], 443).into();
    assert_eq!(exported(trusted, 100).await, 100);
}

#[tokio::test]
async fn a_stranger_on_the_wire_has_nothing_exported_that_is_not_sampled() {
    let setup = Setup {
        ratio: 0.0,
        trusted: "10.0.0.0/8".parse().unwrap(),
        propagation: every_propagator(),
        ..Setup::default()
    };
    let service = setup.start().await;
    for (name, value) in FORGED {
        let line = format!("{name}: {value}\r\n");
        assert_eq!(service.ask("GET", "/ok", &line, "").await.status, 200);
    }
    service.counted(FORGED.len()).await;
    is_all_unsampled(&service);
}

fn is_all_unsampled(service: &Service) {
    assert!(service.spans.servers().is_empty());
    for completed in service.logs.completed() {
        assert_eq!(completed.of_request("trace_flags"), "00");
    }
}
