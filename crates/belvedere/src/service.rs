use std::{convert::Infallible, fmt, net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    response::IntoResponse,
};
use belvedere_core::{
    About, BoxFuture, Health, HealthCheck, Shutdown, Slo, TrustedPeers, config::Knob, names::event,
};
use belvedere_http::{
    AdminConfig, HttpConfig, Observe, Server,
    admin::{Admin, Guard, RenderMetrics, metrics_routes},
    fallbacks, health_routes,
    protect::ProtectLayer,
    server::Limits,
};
use belvedere_telemetry::Telemetry;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::runtime::Handle;

use crate::{
    BootError, Config, ShutdownConfig,
    life::{Life, Stopped},
};

/// What runs after the last request, before telemetry is flushed.
type AtStop = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// A service under construction. Nothing listens before [`Service::bind`].
#[must_use = "a service does nothing until it runs"]
pub struct Service {
    about: About,
    environment: String,
    http: HttpConfig,
    admin: AdminConfig,
    shutdown: ShutdownConfig,
    trusted_peers: TrustedPeers,
    slo: Slo,
    redacted: Arc<Value>,
    telemetry: Arc<Telemetry>,
    routes: Router,
    checks: Vec<Box<dyn HealthCheck>>,
    at_stop: Vec<AtStop>,
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
            admin: config.admin.clone(),
            shutdown: config.shutdown.clone(),
            trusted_peers: config.telemetry.trace.trusted_peers.clone(),
            slo: Slo::new(&config.slo),
            telemetry,
            routes: Router::new(),
            checks: Vec::new(),
            at_stop: Vec::new(),
            began,
        }
    }

    /// Adds the domain's routes. They get 404 and 405 as problems, limits, panic protection and the observe layer.
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Mounts a service, such as a folder of files, at `prefix` and everything below it, told as `prefix/*` in every signal.
    /// See [`belvedere_http::nest_service`].
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
        self.routes = belvedere_http::nest_service(self.routes, prefix, service);
        self
    }

    /// Adds a dependency to `/health/ready`.
    pub fn health_check(mut self, check: impl HealthCheck) -> Self {
        self.checks.push(Box::new(check));
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

    /// Binds both listeners and runs the checks once.
    ///
    /// # Errors
    ///
    /// An address is taken or not ours.
    pub async fn bind(self) -> Result<Bound, BootError> {
        let shutdown = Shutdown::default();
        let health = Health::new(self.checks, shutdown.clone());
        let telemetry = Arc::clone(&self.telemetry);
        let render: RenderMetrics = Arc::new(move || telemetry.metrics().render());
        let guard = Guard::new(self.admin.token, self.admin.addr);
        warn_if_nobody_may(&guard, self.admin.addr);
        let admin = Admin {
            about: self.about,
            environment: self.environment,
            began: self.began,
            health: health.clone(),
            metrics: Arc::clone(&render),
            config: self.redacted,
            control: self.telemetry.control(),
            guard,
        };
        let observe = Observe::new(self.telemetry.tracer().clone(), shutdown.clone())
            .slo(self.slo)
            .trusted_peers(self.trusted_peers);
        let public = public(self.routes, &self.http, &observe, &health, render);
        let server =
            Server::bind(self.http.addr, public, limits(&self.http), shutdown.clone()).await;
        let server = server.map_err(taken("http", self.http.addr, "HTTP__ADDR"))?;
        let admin = AdminListener::start(self.admin.addr, admin.routes())?;
        Ok(Bound {
            http: server.local_addr()?,
            admin: admin.addr,
            life: Life {
                watch: health.watch().await,
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
    /// Where the public listener is.
    pub http: SocketAddr,
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
            admin,
            life,
            began,
        } = self;
        life.live(http, admin, began).await
    }
}

/// The public router: everything observed, probes quietly.
fn public(
    routes: Router,
    config: &HttpConfig,
    observe: &Observe,
    health: &Health,
    render: RenderMetrics,
) -> Router {
    // The first is the outermost. One call: each `layer` of a router costs a box and a future per request.
    let api = fallbacks(routes).layer((
        observe.layer(),
        ProtectLayer::new(config.timeout_seconds.duration()),
        DefaultBodyLimit::max(config.body_limit_bytes),
    ));
    let metrics = if config.expose_metrics {
        metrics_routes(render)
    } else {
        Router::new()
    };
    let probes = health_routes(health.clone()).merge(metrics);
    api.merge(probes.layer(observe.probes().layer()))
}

/// What an operator will need one night is missed by day.
fn warn_if_nobody_may(guard: &Guard, addr: SocketAddr) {
    if guard.refuses_all() {
        let detail =
            "levels and sampling cannot be changed: set ADMIN__TOKEN, or listen on 127.0.0.1";
        tracing::warn!(message = event::ADMIN_WITHOUT_TOKEN, admin = %addr, detail);
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

fn taken(
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

/// The admin listener on a thread and runtime of its own: it answers when every worker of the main one is blocked.
#[derive(Debug)]
pub(crate) struct AdminListener {
    addr: SocketAddr,
    shutdown: Shutdown,
    runtime: Handle,
}

impl AdminListener {
    fn start(addr: SocketAddr, routes: Router) -> Result<Self, BootError> {
        let shutdown = Shutdown::default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listening = std::thread::scope(|scope| {
            // A runtime cannot be entered from within another one's thread.
            let bound = scope.spawn(|| {
                runtime.block_on(Server::bind(
                    addr,
                    routes,
                    Limits::default(),
                    shutdown.clone(),
                ))
            });
            bound
                .join()
                .unwrap_or_else(|_| Err(std::io::Error::other("the admin thread panicked")))
        });
        let server = listening.map_err(taken("admin", addr, "ADMIN__ADDR"))?;
        let addr = server.local_addr()?;
        let handle = runtime.handle().clone();
        let work = move || runtime.block_on(server.run());
        std::thread::Builder::new()
            .name("admin".to_owned())
            .spawn(work)?;
        Ok(Self {
            addr,
            shutdown,
            runtime: handle,
        })
    }

    /// Where time passes whatever handlers do to the main runtime.
    pub(crate) const fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl Drop for AdminListener {
    fn drop(&mut self) {
        self.shutdown.abort();
    }
}
