mod bind;

use std::{convert::Infallible, fmt, sync::Arc, time::Instant};

use axum::{extract::Request, response::IntoResponse};
use belvedere_core::{
    About, BoxFuture, HealthCheck, Shutdown, Slo, TrustedPeers, config::Knob,
    propagation::Propagation,
};
use belvedere_http::{AdminConfig, AuthConfig, GrpcConfig, HttpConfig};
use belvedere_redis::Redis;
use belvedere_telemetry::{Telemetry, TelemetryConfig};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    Config, JobsConfig, ShutdownConfig, background::Background, errors::BindHub, jobs::Jobs,
    routes::Routes, rpc::Grpc,
};

pub use bind::Bound;
pub(crate) use bind::taken;

/// What runs after the last request, before telemetry is flushed.
type AtStop = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// A service under construction. Nothing listens before [`Service::bind`].
#[must_use = "a service does nothing until it runs"]
pub struct Service {
    about: About,
    environment: String,
    http: HttpConfig,
    grpc_config: GrpcConfig,
    pub(crate) grpc: Grpc,
    admin: AdminConfig,
    auth: AuthConfig,
    shutdown: ShutdownConfig,
    end: Shutdown,
    jobs_config: JobsConfig,
    jobs: Option<Jobs>,
    /// As `<service> worker`.
    works_only: bool,
    trusted_peers: TrustedPeers,
    propagation: Propagation,
    slo: Slo,
    redacted: Arc<Value>,
    telemetry: Arc<Telemetry>,
    bind_hub: Option<BindHub>,
    routes: Routes,
    checks: Vec<Box<dyn HealthCheck>>,
    at_stop: Vec<AtStop>,
    background: Background,
    began: Instant,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("about", &self.about)
            .field("checks", &self.checks)
            .finish_non_exhaustive()
    }
}

impl Service {
    pub(crate) fn new<App>(
        about: About,
        environment: &str,
        config: &Config<App>,
        telemetry: Arc<Telemetry>,
        bind_hub: Option<BindHub>,
        began: Instant,
    ) -> Self
    where
        App: Knob + Default + Serialize + DeserializeOwned,
    {
        Self {
            about,
            environment: environment.to_owned(),
            redacted: Arc::new(config.redacted()),
            http: config.http.clone(),
            grpc_config: config.grpc.clone(),
            grpc: Grpc::new(&config.telemetry),
            admin: config.admin.clone(),
            auth: config.auth.clone(),
            shutdown: config.shutdown.clone(),
            end: Shutdown::default(),
            jobs_config: config.jobs.clone(),
            jobs: None,
            works_only: false,
            trusted_peers: config.telemetry.trace.trusted_peers.clone(),
            propagation: propagation(&config.telemetry),
            slo: Slo::new(&config.slo),
            telemetry,
            bind_hub,
            routes: Routes::default(),
            checks: Vec::new(),
            at_stop: Vec::new(),
            background: Background::default(),
            began,
        }
    }

    /// Adds the domain's routes, for callers who say for whom they ask; others are answered 401. Every route gets 404 and 405
    /// as problems, limits, panic protection and the observe layer.
    ///
    /// Takes axum's `Router`, or utoipa's `OpenApiRouter`: what is written down there is told in `/openapi.json`.
    pub fn routes(mut self, routes: impl Into<OpenApiRouter>) -> Self {
        self.routes.guard(routes.into());
        self
    }

    /// Adds routes that anybody may call: a log-in, a webhook that checks a signature of its own.
    pub fn open_routes(mut self, routes: impl Into<OpenApiRouter>) -> Self {
        self.routes.open(routes.into());
        self
    }

    /// Mounts a service, such as a folder of files, at `prefix` and everything below it, told as `prefix/*` in every signal,
    /// for callers who say for whom they ask. See [`belvedere_http::nest_service`].
    ///
    /// # Panics
    ///
    /// `prefix` is not one or more literal segments, such as `/files`, or is taken; or `service` is a `Router`.
    #[track_caller]
    pub fn nest_service<T>(mut self, prefix: &str, service: T) -> Self
    where
        T: tower_service::Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse,
        T::Future: Send + 'static,
    {
        let routes = self.routes.guarded;
        self.routes.guarded = belvedere_http::nest_service(routes, prefix, service);
        self
    }

    /// Adds a dependency to `/health/ready`.
    pub fn health_check(mut self, check: impl HealthCheck) -> Self {
        self.checks.push(Box::new(check));
        self
    }

    /// Where there is Redis: adds it to `/health/ready`, and limits rates for all replicas together.
    pub fn redis(mut self, redis: Option<&Redis>) -> Self {
        self.routes.redis = redis.cloned();
        match redis {
            Some(redis) => self.health_check(redis.health_check()),
            None => self,
        }
    }

    /// Runs `task` beside the requests. The service is of no use without it: when it ends before the shutdown has begun, by
    /// returning or by a panic, `/health/live` is 503 and the process ends, with exit code 1.
    pub fn critical_task<T, W>(mut self, name: &'static str, task: T) -> Self
    where
        T: FnOnce(Shutdown) -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        self.background.critical(name, task);
        self
    }

    /// Runs what `make` makes beside the requests, and starts it again whenever it ends: see [`Supervised`](crate::Supervised).
    /// At the end it has two seconds to return, before what is closed by [`Service::at_stop`] is.
    pub fn background_task<M, W>(mut self, name: &'static str, make: M) -> Self
    where
        M: FnMut(Shutdown) -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        self.background.supervised(name, make);
        self
    }

    /// Closes something after the last request: pools, say. In reverse order of registration.
    pub fn at_stop<W>(mut self, work: impl FnOnce() -> W + Send + 'static) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.at_stop.push(Box::new(|| Box::pin(work())));
        self
    }

    /// What is done outside of requests: here, unless `JOBS__IN_SERVICE` is false, and by every `<service> worker`, which does
    /// nothing else.
    #[cfg(feature = "jobs")]
    pub fn jobs(mut self, jobs: Jobs) -> Self {
        self.jobs = Some(jobs);
        self
    }

    pub(crate) fn ends_by(mut self, end: Shutdown) -> Self {
        self.end = end;
        self
    }

    pub(crate) fn works_only(mut self, works_only: bool) -> Self {
        self.works_only = works_only;
        self
    }
}

fn propagation(config: &TelemetryConfig) -> Propagation {
    Propagation {
        propagators: config.otel.propagators,
        baggage_keys: config.trace.baggage_keys.clone(),
        response: config.trace.response_header,
    }
}
