use std::{net::SocketAddr, sync::Arc, time::Duration};

use belvedere_core::{
    Health, HealthCheck, Shutdown, Slo, TrustedPeers,
    health::HealthWatch,
    names::metric,
    propagation::Propagation,
    trace::{Sampler, Tracer},
};
use belvedere_grpc::{Described, GrpcConfig, GuardLayer, RpcConventions, Services};
use belvedere_http::{Callers, Observe, RequireCaller, Server, server::Limits};
use belvedere_testing::{CapturedSpan, CapturedSpans};
use opentelemetry::trace::SpanKind;
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};
use tower::{Layer, util::option_layer};

use super::{Client, Logs, Metrics, Probe, descriptors};

/// Longest wait for anything. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(5);

/// How to serve the probe.
pub(crate) struct Setup {
    /// How many traces are sampled at their head.
    pub(crate) ratio: f64,
    pub(crate) config: GrpcConfig,
    pub(crate) conventions: RpcConventions,
    pub(crate) trusted: TrustedPeers,
    pub(crate) propagation: Propagation,
    pub(crate) limits: Limits,
    /// Whether callers have to say for whom they ask.
    pub(crate) guarded: bool,
    pub(crate) checks: Vec<Box<dyn HealthCheck>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            ratio: 1.0,
            config: GrpcConfig::default(),
            conventions: RpcConventions::default(),
            trusted: TrustedPeers::default(),
            propagation: Propagation::default(),
            limits: Limits::default(),
            guarded: false,
            checks: Vec::new(),
        }
    }
}

impl Setup {
    pub(crate) async fn start(self) -> Service {
        let (logs, metrics, spans) = (
            Logs::install(),
            Metrics::install(),
            CapturedSpans::default(),
        );
        let shutdown = Shutdown::default();
        let health = Health::new(self.checks, shutdown.clone());
        let sampler = Sampler::new(self.ratio, true);
        let tracer = Tracer::new(Arc::new(spans.clone()), sampler, Duration::from_secs(60));
        let observe = Observe::new(tracer.clone(), shutdown.clone())
            .slo(Slo::default())
            .trusted_peers(self.trusted)
            .propagation(self.propagation);
        let services = Services::new(descriptors()).service(Probe);
        let Described { served, grpc } = services.described().unwrap();
        let probes = services
            .probes(health.clone(), shutdown.clone(), true)
            .unwrap();
        let callers = self
            .guarded
            .then(|| RequireCaller::new(Callers::by_headers()));
        let outer = (
            observe.layer_of(grpc.conventions(self.conventions)),
            GuardLayer::new(&self.config),
        );
        let quiet = observe.probes().layer_of(probes.grpc);
        let router = probes.served.router().layer(quiet);
        let router = router.fallback_service(outer.layer(served.guarded(option_layer(callers))));
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::bind(any, router, self.limits, shutdown.clone())
            .await
            .unwrap();
        let server = server.count_in(metrics::gauge!(metric::GRPC_ACTIVE_CONNECTIONS));
        let addr = server.local_addr().unwrap();
        let watch = health.watch().await;
        health.mark_started();
        Service {
            addr,
            client: Client::of(addr),
            tracer,
            logs,
            metrics,
            spans,
            shutdown,
            watch,
            server: belvedere_core::spawn(server.run()),
        }
    }
}

/// A running service.
pub(crate) struct Service {
    pub(crate) addr: SocketAddr,
    pub(crate) client: Client,
    pub(crate) tracer: Tracer,
    pub(crate) logs: Logs,
    pub(crate) metrics: Metrics,
    pub(crate) spans: CapturedSpans,
    pub(crate) shutdown: Shutdown,
    #[expect(dead_code, reason = "held for its drop")]
    watch: HealthWatch,
    server: JoinHandle<Option<u32>>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Setup::default().start().await
    }

    /// How many calls are told to be running.
    pub(crate) fn active(&self) -> f64 {
        self.metrics.sum(metric::GRPC_ACTIVE_REQUESTS, &[])
    }

    /// Waits until this many calls are running.
    pub(crate) async fn running(&self, calls: usize) {
        until("running calls", || self.active() >= calls as f64).await;
    }

    /// Waits until this many calls have ended.
    pub(crate) async fn completed(&self, calls: usize) {
        until("all calls told", || self.logs.completed().len() >= calls).await;
    }

    pub(crate) fn connections(&self) -> f64 {
        self.metrics.sum(metric::GRPC_ACTIVE_CONNECTIONS, &[])
    }

    /// How many calls of `method` have ended with `code`.
    pub(crate) fn counted(&self, method: &str, code: &str) -> f64 {
        let labels = [("method", method), ("status_code", code)];
        self.metrics
            .sum("grpc_response_time_seconds_count", &labels)
    }

    pub(crate) fn servers(&self) -> Vec<CapturedSpan> {
        let mut spans = self.spans.all();
        spans.retain(|span| span.kind == SpanKind::Server);
        spans
    }

    /// Waits for the end of the server: how many connections it abandoned.
    pub(crate) async fn ended(&mut self) -> u32 {
        in_time("the end of the server", &mut self.server)
            .await
            .unwrap()
            .unwrap()
    }
}

/// Waits for a condition.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    in_time(what, async {
        while !condition() {
            sleep(PAUSE).await;
        }
    })
    .await;
}

/// Waits for a condition that takes its time to come, and to look at.
pub(crate) async fn in_minutes(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..600 {
        if condition() {
            return;
        }
        sleep(Duration::from_millis(200)).await;
    }
    panic!("waited in vain: {what}");
}

/// Waits for a future, which would otherwise hang the test.
pub(crate) async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => panic!("waited in vain: {what}"),
    }
}
