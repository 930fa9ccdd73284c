use axum::Router;
use belvedere_core::names::metric;
use belvedere_grpc::{Described, GuardLayer, RpcConventions, ServiceError, Services};
use belvedere_http::{GrpcConfig, Server, server::Limits};
use belvedere_telemetry::TelemetryConfig;
use tower::{Layer, util::option_layer};

use super::Beside;
use crate::{BootError, Service, service::taken};

/// What is served, if anything.
#[derive(Debug, Default)]
pub(crate) struct Grpc {
    services: Option<Services>,
    conventions: RpcConventions,
}

impl Service {
    /// Serves these at `GRPC__ADDR` too, for callers who say for whom they ask: every call is observed, limited and told as
    /// requests are, health checks are answered, and in development reflection.
    pub fn grpc(mut self, services: Services) -> Self {
        self.grpc.services = Some(services);
        self
    }
}

impl From<ServiceError> for BootError {
    fn from(error: ServiceError) -> Self {
        Self::Other(Box::new(error))
    }
}

impl Grpc {
    pub(crate) fn new(config: &TelemetryConfig) -> Self {
        Self {
            services: None,
            conventions: conventions(config),
        }
    }

    pub(crate) async fn bind(self, beside: Beside<'_>) -> Result<Option<Server>, BootError> {
        let Some(services) = &self.services else {
            return Ok(None);
        };
        let router = self.router(services, &beside)?;
        let addr = beside.config.addr;
        let limits = limits(beside.config, beside.limits);
        let server = Server::bind(addr, router, limits, beside.shutdown.clone()).await;
        let server = server.map_err(taken("grpc", addr, "GRPC__ADDR"))?;
        let open = metrics::gauge!(metric::GRPC_ACTIVE_CONNECTIONS);
        Ok(Some(server.tls(beside.tls).count_in(open)))
    }

    /// As the public router: everything observed, probes quietly.
    fn router(&self, services: &Services, beside: &Beside<'_>) -> Result<Router, ServiceError> {
        let Described { served, grpc } = services.described()?;
        let reflection = beside.config.reflection.unwrap_or(beside.is_development);
        let (health, shutdown) = (beside.health.clone(), beside.shutdown.clone());
        let probes = services.probes(health, shutdown, reflection)?;
        let gates = beside.gates.clone();
        // The first is the outermost.
        let outer = (
            beside.observe.layer_of(grpc.conventions(self.conventions)),
            option_layer(gates.bind_hub),
            GuardLayer::new(beside.config),
            option_layer(gates.by_ip),
        );
        let quiet = beside.observe.probes().layer_of(probes.grpc);
        let inner = (gates.caller, option_layer(gates.by_principal));
        let calls = outer.layer(served.guarded(inner));
        Ok(probes.served.router().layer(quiet).fallback_service(calls))
    }
}

pub(crate) fn conventions(config: &TelemetryConfig) -> RpcConventions {
    let opted = config.otel.semconv_stability_opt_in.as_deref();
    RpcConventions::from_list(opted.unwrap_or_default())
}

fn limits(config: &GrpcConfig, of_http: Limits) -> Limits {
    let age = config.max_connection_age_seconds;
    Limits {
        max_connections: config.max_connections,
        max_age: age.map(|age| age.duration()),
        ..of_http
    }
}
