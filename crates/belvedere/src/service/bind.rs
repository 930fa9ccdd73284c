//! From a service under construction to one that listens.

use std::{mem, net::SocketAddr, sync::Arc, time::Instant};

use axum::Router;
use belvedere_core::{Health, Shutdown};
use belvedere_http::{
    Callers, HttpConfig, Jwks, Observe, Server,
    admin::{Admin, Guard, RenderMetrics, Runbooks},
    server::Limits,
};
use belvedere_telemetry::{Scrape, Telemetry};

use super::Service;
use crate::{
    BootError,
    admin::{AdminListener, warn_if_nobody_may},
    jobs::{self, Running, Surroundings},
    life::{Addrs, Life, Listeners, Stopped},
    profiles,
    routes::Gates,
    rpc::Beside,
};

impl Service {
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
