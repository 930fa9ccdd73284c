use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use belvedere_core::{
    Health, HealthCheck, Shutdown, TrustedPeers,
    config::Seconds,
    health::HealthWatch,
    propagation::Propagation,
    trace::{Sampler, Tracer},
};
use belvedere_http::{
    HttpConfig, Observe, Server, fallbacks, health_routes,
    protect::{ProtectLayer, SecurityHeadersLayer, cors},
    server::{Limits, Tls},
};
use tokio::task::JoinHandle;
use tower::util::option_layer;

use super::{
    Answer, LIMIT, Logs, Metrics, Record, Spans, Wire, in_time, routes, unprotected, until,
};

/// What to serve, and how.
pub(crate) struct Setup {
    pub(crate) routes: Router,
    /// How many traces are sampled at their head.
    pub(crate) ratio: f64,
    pub(crate) slow: Duration,
    pub(crate) timeout: Duration,
    /// What requests are held to besides.
    pub(crate) http: HttpConfig,
    pub(crate) trusted: TrustedPeers,
    pub(crate) propagation: Propagation,
    /// Whether spans go anywhere.
    pub(crate) exports: bool,
    pub(crate) limits: Limits,
    pub(crate) idle: Duration,
    /// Whether connections begin with a handshake.
    pub(crate) tls: Option<Tls>,
    pub(crate) checks: Vec<Box<dyn HealthCheck>>,
}

/// [`LIMIT`] for a body.
pub(crate) fn http() -> HttpConfig {
    HttpConfig {
        body_limit_bytes: LIMIT,
        ..HttpConfig::default()
    }
}

/// A knob as a variable would set it.
pub(crate) fn seconds(duration: Duration) -> Seconds {
    serde_json::from_value(duration.as_secs_f64().into()).unwrap()
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            routes: routes(),
            ratio: 1.0,
            slow: Duration::from_secs(60),
            timeout: Duration::from_secs(60),
            http: http(),
            trusted: TrustedPeers::default(),
            propagation: Propagation::default(),
            exports: true,
            limits: Limits::default(),
            idle: Duration::from_secs(60),
            tls: None,
            checks: Vec::new(),
        }
    }
}

impl Setup {
    pub(crate) async fn start(self) -> Service {
        let (logs, metrics, spans) = (Logs::install(), Metrics::install(), Spans::default());
        let shutdown = Shutdown::default();
        let health = Health::new(self.checks, shutdown.clone());
        let sampler = Sampler::new(self.ratio, true);
        let tracer = if self.exports {
            Tracer::new(Arc::new(spans.0.clone()), sampler, self.slow)
        } else {
            Tracer::off()
        };
        let observe = Observe::new(tracer, shutdown.clone())
            .trusted_peers(self.trusted)
            .propagation(self.propagation)
            .tls(self.tls.is_some());
        let http = HttpConfig {
            timeout_seconds: seconds(self.timeout),
            ..self.http
        };
        let secured = SecurityHeadersLayer::new();
        let api = fallbacks(self.routes)
            .layer((option_layer(cors(&http)), ProtectLayer::new(&http)))
            .merge(unprotected())
            .layer((observe.layer(), secured));
        let probes = health_routes(health.clone()).layer((observe.probes().layer(), secured));
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let limits = Limits {
            idle_timeout: self.idle,
            ..self.limits
        };
        let server = Server::bind(any, api.merge(probes), limits, shutdown.clone());
        let server = server.await.unwrap().tls(self.tls);
        Service {
            addr: server.local_addr().unwrap(),
            watch: health.watch().await,
            server: belvedere_core::spawn(server.run()),
            logs,
            metrics,
            spans,
            shutdown,
            health,
        }
    }
}

/// A running server.
pub(crate) struct Service {
    pub(crate) addr: SocketAddr,
    pub(crate) logs: Logs,
    pub(crate) metrics: Metrics,
    pub(crate) spans: Spans,
    pub(crate) shutdown: Shutdown,
    pub(crate) health: Health,
    #[expect(dead_code, reason = "held for its drop")]
    watch: HealthWatch,
    server: JoinHandle<Option<u32>>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Setup::default().start().await
    }

    pub(crate) async fn connect(&self) -> Wire {
        Wire::open(self.addr).await
    }

    /// One request on a connection of its own. `lines` are its headers, each with its line end.
    pub(crate) async fn ask(&self, method: &str, path: &str, lines: &str, body: &str) -> Answer {
        let length = body.len();
        let mut wire = self.connect().await;
        wire.say(format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {length}\r\n{lines}\r\n{body}"
        ))
        .await;
        wire.rest().await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", "").await
    }

    /// How many connections were refused before there was a request.
    pub(crate) fn rejected(&self, reason: &str) -> f64 {
        let labels = [("reason", reason)];
        self.metrics.sum("http_connections_rejected_total", &labels)
    }

    /// How many requests are told to be running.
    pub(crate) fn active(&self) -> f64 {
        self.metrics.sum("http_requests_active", &[])
    }

    /// Waits until this many requests are running.
    pub(crate) async fn running(&self, requests: usize) {
        until("running requests", || self.active() >= requests as f64).await;
    }

    /// Waits until this many requests are counted.
    pub(crate) async fn counted(&self, requests: usize) {
        let counted = || self.metrics.sum("http_requests_total", &[]);
        until("all requests counted", || counted() >= requests as f64).await;
    }

    /// Waits for the end of the server: how many connections it abandoned.
    pub(crate) async fn ended(&mut self) -> u32 {
        let ended = in_time("the end of the server", &mut self.server).await;
        ended.unwrap().unwrap()
    }

    /// Ends the server and looks at the one request that it has had.
    pub(crate) async fn sole_record(mut self) -> Record {
        self.counted(1).await;
        self.shutdown.stop();
        self.ended().await;
        Record::sole(&self)
    }
}
