use std::{convert::Infallible, fmt, mem, net::SocketAddr, sync::Arc, time::Instant};

use axum::{Router, extract::Request, response::IntoResponse};
use belvedere_core::{
    About, BoxFuture, Health, HealthCheck, Shutdown, Slo, TrustedPeers, config::Knob,
    propagation::Propagation,
};
use belvedere_http::{
    AdminConfig, AuthConfig, Callers, GrpcConfig, HttpConfig, Jwks, Observe, Server,
    admin::{Admin, Guard, RenderMetrics, Runbooks},
    server::Limits,
};
use belvedere_redis::Redis;
use belvedere_telemetry::{Scrape, Telemetry, TelemetryConfig};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    BootError, Config, JobsConfig, ShutdownConfig,
    admin::{AdminListener, warn_if_nobody_may},
    background::Background,
    errors::BindHub,
    jobs::{self, Jobs, Running, Surroundings},
    life::{Addrs, Life, Listeners, Stopped},
    profiles,
    routes::{Gates, Routes},
    rpc::{Beside, Grpc},
};

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

    /// Binds both listeners and runs the checks once. A worker has the admin listener alone.
    ///
    /// # Errors
    ///
    /// An address is taken or not ours; or the tables of the jobs are missing.
    pub async fn bind(mut self) -> Result<Bound, BootError> {
        if self.works_only && self.jobs.is_none() {
            return Err(BootError::Other(
                "this service has no jobs to work on".into(),
            ));
        }
        let shutdown = self.end.clone();
        let callers = match self.works_only {
            true => None,
            false => Some(self.callers()?),
        };
        let health = Health::new(mem::take(&mut self.checks), shutdown.clone());
        let render = render(&self.telemetry);
        let admin_routes = self.admin_routes(&health, &render);
        let server = match callers {
            Some(callers) => Some(self.listen(callers, &health, &shutdown, render).await?),
            None => None,
        };
        let http = server.as_ref().map(|server| &server.http);
        let grpc = server.as_ref().and_then(|server| server.grpc.as_ref());
        let http = http.map(Server::local_addr).transpose()?;
        let grpc = grpc.map(Server::local_addr).transpose()?;
        let admin = AdminListener::start(self.admin.addr, admin_routes)?;
        let background = mem::take(&mut self.background).start(&health, &shutdown);
        self.at_stop.push(Box::new(|| background));
        Ok(Bound {
            http,
            grpc,
            admin: admin.addr(),
            life: Life {
                watch: health.watch().await,
                jobs: self.work(&health, &shutdown).await?,
                health,
                server,
                shutdown,
                config: self.shutdown,
                at_stop: self.at_stop,
                admin,
            },
            began: self.began,
        })
    }

    async fn listen(
        &mut self,
        callers: Callers,
        health: &Health,
        shutdown: &Shutdown,
        render: RenderMetrics,
    ) -> Result<Listeners, BootError> {
        if let Some(jwks) = callers.jwks() {
            keep_fresh(jwks, health, shutdown.clone()).await;
        }
        let observe = self.observe(shutdown);
        let tls = self.http.tls()?;
        let routes = mem::take(&mut self.routes);
        let redis = routes.redis.as_ref();
        let gates = Gates::new(&self.http, redis, self.bind_hub.take(), callers);
        let beside = Beside {
            config: &self.grpc_config,
            is_development: self.environment == "development",
            observe: &observe,
            health,
            shutdown,
            gates: &gates,
            limits: limits(&self.http),
            tls: self.http.tls()?,
        };
        let grpc = mem::take(&mut self.grpc).bind(beside).await?;
        let public = routes.public(&self.http, &observe, health, render, gates);
        let server =
            Server::bind(self.http.addr, public, limits(&self.http), shutdown.clone()).await;
        let server = server.map_err(taken("http", self.http.addr, "HTTP__ADDR"))?;
        let http = server.tls(tls);
        Ok(Listeners { http, grpc })
    }

    async fn work(
        &mut self,
        health: &Health,
        shutdown: &Shutdown,
    ) -> Result<Option<Running>, BootError> {
        let Some(jobs) = self.jobs.take() else {
            return Ok(None);
        };
        let works = self.works_only || self.jobs_config.in_service;
        let surroundings = Surroundings {
            tracer: self.telemetry.tracer().clone(),
            propagators: self.propagation.propagators,
            shutdown: shutdown.clone(),
            held: Box::new(health.critical_task("jobs")),
        };
        jobs::start(jobs, works, &self.jobs_config, surroundings)
            .await
            .map(Some)
    }

    /// Who may call; `/openapi.json` tells how.
    fn callers(&mut self) -> Result<Callers, BootError> {
        let callers = Callers::new(&self.auth, &self.environment)?;
        if self.http.docs.unwrap_or(self.environment == "development") {
            self.routes.tell(&self.about, (&callers).into());
        }
        if let Some(jwks) = callers.jwks() {
            self.checks.push(Box::new(jwks.health_check()));
        }
        Ok(callers)
    }

    fn admin_routes(&self, health: &Health, render: &RenderMetrics) -> Router {
        let guard = Guard::new(self.admin.token.clone(), self.admin.addr);
        warn_if_nobody_may(&guard, self.admin.addr);
        let profiles = profiles::routes(guard.clone());
        let admin = Admin {
            about: self.about,
            environment: self.environment.clone(),
            began: self.began,
            health: health.clone(),
            metrics: Arc::clone(render),
            config: Arc::clone(&self.redacted),
            runbooks: Runbooks::read(&self.admin.runbooks),
            control: self.telemetry.control(),
            guard,
        };
        admin.routes().merge(profiles)
    }

    fn observe(&self, shutdown: &Shutdown) -> Observe {
        Observe::new(self.telemetry.tracer().clone(), shutdown.clone())
            .slo(self.slo.clone())
            .trusted_peers(self.trusted_peers.clone())
            .propagation(self.propagation.clone())
            .tls(self.http.has_tls())
    }

    /// [`Service::bind`], then [`Bound::serve`].
    ///
    /// # Errors
    ///
    /// As for both.
    pub async fn run(self) -> Result<Stopped, BootError> {
        self.bind().await?.serve().await
    }
}

/// A service that listens and does not answer yet.
#[derive(Debug)]
#[must_use = "a service does nothing until it runs"]
pub struct Bound {
    /// Where the public listener is; a worker has none.
    pub http: Option<SocketAddr>,
    /// Where the gRPC listener is, if there is one.
    pub grpc: Option<SocketAddr>,
    /// Where the admin listener is.
    pub admin: SocketAddr,
    life: Life,
    began: Instant,
}

impl Bound {
    /// Serves until SIGTERM or SIGINT, then drains; see contract, section 8.
    ///
    /// # Errors
    ///
    /// Signals cannot be listened for.
    pub async fn serve(self) -> Result<Stopped, BootError> {
        let Self {
            http,
            grpc,
            admin,
            life,
            began,
        } = self;
        life.live(Addrs { http, grpc, admin }, began).await
    }
}

/// Without the issuer's new keys nobody would be known one day, so their keeper is one whose end is the service's.
async fn keep_fresh(jwks: Jwks, health: &Health, shutdown: Shutdown) {
    let held = health.critical_task("jwks");
    let keeper = jwks.clone();
    belvedere_core::spawn(async move {
        let _held = held;
        keeper.keep_fresh(shutdown).await;
    });
    jwks.first_attempt().await;
}

fn render(telemetry: &Arc<Telemetry>) -> RenderMetrics {
    let telemetry = Arc::clone(telemetry);
    Arc::new(move |accept| {
        let Scrape { content_type, text } = telemetry.metrics().scrape(accept);
        (content_type, text)
    })
}

fn propagation(config: &TelemetryConfig) -> Propagation {
    Propagation {
        propagators: config.otel.propagators,
        baggage_keys: config.trace.baggage_keys.clone(),
        response: config.trace.response_header,
    }
}

fn limits(config: &HttpConfig) -> Limits {
    Limits {
        header_timeout: config.header_timeout_seconds.duration(),
        idle_timeout: config.idle_timeout_seconds.duration(),
        max_connections: config.max_connections,
        ..Limits::default()
    }
}

pub(crate) fn taken(
    listener: &'static str,
    addr: SocketAddr,
    variable: &'static str,
) -> impl FnOnce(std::io::Error) -> BootError {
    move |source| BootError::Bind {
        listener,
        addr,
        variable,
        source,
    }
}
