use std::{convert::Infallible, mem, sync::Arc};

use axum::{Router, extract::Request, response::Response, routing::Route};
use belvedere_core::{About, Health};
use belvedere_http::{
    Callers, HttpConfig, Observe, ObserveLayer, RateLimit, RequireCaller,
    admin::{RenderMetrics, metrics_routes},
    health_routes, method_not_allowed_problems, no_such_route_problem,
    openapi::{self, Credentials, Described, document},
    protect::{CorsLayer, ProtectLayer, SecurityHeadersLayer, cors},
    rate_limits,
};
use belvedere_redis::{Redis, RedisRates};
use tower::{Layer, Service, layer::util::Identity, util::option_layer};
use utoipa_axum::router::OpenApiRouter;

use crate::errors::BindHub;

/// The domain's routes, by who may call them: there is no route of which that is not said.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    /// For callers who say for whom they ask.
    pub(crate) guarded: Router,
    /// For anybody.
    pub(crate) open: Router,
    /// What their authors tell of them.
    pub(crate) described: Described,
    /// Where replicas count together how often somebody calls.
    pub(crate) redis: Option<Redis>,
}

impl Routes {
    pub(crate) fn guard(&mut self, routes: OpenApiRouter) {
        let (routes, described) = routes.split_for_parts();
        self.guarded = mem::take(&mut self.guarded).merge(routes);
        self.described.guarded.merge(described);
    }

    pub(crate) fn open(&mut self, routes: OpenApiRouter) {
        let (routes, described) = routes.split_for_parts();
        self.open = mem::take(&mut self.open).merge(routes);
        self.described.open.merge(described);
    }

    /// Serves what is told of them, to anybody.
    pub(crate) fn tell(&mut self, about: &About, credentials: Credentials) {
        let document = document(about, mem::take(&mut self.described), credentials);
        self.open = mem::take(&mut self.open).merge(openapi::routes(&document));
    }

    /// The public router: everything observed, probes quietly.
    pub(crate) fn public(
        self,
        config: &HttpConfig,
        observe: &Observe,
        health: &Health,
        render: RenderMetrics,
        gates: Gates,
    ) -> Router {
        let secured = SecurityHeadersLayer::new().hsts(config.hsts || config.has_tls());
        let outer = Outer {
            observe: observe.layer(),
            secured,
            bind_hub: gates.bind_hub,
            cors: cors(config),
            protect: ProtectLayer::new(config),
            by_ip: gates.by_ip,
        };
        let guarded = method_not_allowed_problems(self.guarded.reset_fallback());
        let open = method_not_allowed_problems(self.open.reset_fallback());
        let nothing = no_such_route_problem(Router::new());
        let probes = health_routes(health.clone()).merge(if config.expose_metrics {
            metrics_routes(render)
        } else {
            Router::new()
        });
        let guarded = match gates.by_principal {
            Some(limit) => outer.clone().around(guarded, (gates.caller, limit)),
            None => outer.clone().around(guarded, gates.caller),
        };
        guarded
            .merge(outer.clone().around(open, Identity::new()))
            .merge(outer.around(nothing, Identity::new()))
            .merge(probes.layer((observe.probes().layer(), secured)))
    }
}

/// What every route has around it, the outermost first.
#[derive(Clone)]
struct Outer {
    observe: ObserveLayer,
    secured: SecurityHeadersLayer,
    bind_hub: Option<BindHub>,
    /// Outside of all that refuses, so that a page can read why it was refused.
    cors: Option<CorsLayer>,
    protect: ProtectLayer,
    by_ip: Option<RateLimit>,
}

impl Outer {
    /// Lays itself around `routes`, and `inner` next to the handlers, by one call: each `layer` of a router costs a request boxes
    /// and futures. The futures of an `option_layer` are as large without its layer as with it, and each request moves them: where
    /// no layer is optional, there is none.
    fn around<L>(self, routes: Router, inner: L) -> Router
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Response = Response, Error = Infallible, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let Self {
            observe,
            secured,
            bind_hub,
            cors,
            protect,
            by_ip,
        } = self;
        if bind_hub.is_none() && cors.is_none() && by_ip.is_none() {
            return routes.layer((observe, secured, protect, inner));
        }
        let by_ip = option_layer(by_ip);
        let told = (option_layer(bind_hub), option_layer(cors));
        routes.layer((observe, secured, told, protect, by_ip, inner))
    }
}

/// What stands before the handlers of every public listener: they count together.
#[derive(Clone)]
pub(crate) struct Gates {
    pub(crate) bind_hub: Option<BindHub>,
    pub(crate) by_ip: Option<RateLimit>,
    pub(crate) caller: RequireCaller,
    pub(crate) by_principal: Option<RateLimit>,
}

impl Gates {
    pub(crate) fn new(
        config: &HttpConfig,
        redis: Option<&Redis>,
        bind_hub: Option<BindHub>,
        callers: Callers,
    ) -> Self {
        let (by_ip, by_principal) = rate_limits(config);
        Self {
            bind_hub,
            by_ip: by_ip.map(|limit| shared(limit, "ip", redis)),
            caller: RequireCaller::new(callers),
            by_principal: by_principal.map(|limit| shared(limit, "principal", redis)),
        }
    }
}

fn shared(limit: RateLimit, name: &str, redis: Option<&Redis>) -> RateLimit {
    match redis {
        Some(redis) => limit.share(|alone| Arc::new(RedisRates::new(redis, name, alone))),
        None => limit,
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::Request, routing::get};
    use belvedere_core::{Shutdown, trace::Tracer};
    use tower::ServiceExt;

    use super::*;

    async fn status(method: &str, path: &str, tenant: Option<&str>) -> u16 {
        let shutdown = Shutdown::default();
        let routes = Routes {
            guarded: Router::new().route("/guarded", get(|| async { "guarded" })),
            open: Router::new().route("/open", get(|| async { "open" })),
            ..Routes::default()
        };
        let public = routes.public(
            &HttpConfig::default(),
            &Observe::new(Tracer::off(), shutdown.clone()),
            &Health::new(Vec::new(), shutdown),
            Arc::new(|_| ("text/plain", String::new())),
            Gates::new(&HttpConfig::default(), None, None, Callers::by_headers()),
        );
        let mut request = Request::builder().method(method).uri(path);
        if let Some(tenant) = tenant {
            request = request.header("x-tenant-id", tenant);
        }
        let request = request.body(Body::empty()).unwrap();
        public.oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn a_route_is_for_callers_unless_it_is_open() {
        assert_eq!(status("GET", "/guarded", None).await, 401);
        assert_eq!(status("GET", "/guarded", Some("acme")).await, 200);
        assert_eq!(status("GET", "/open", None).await, 200);
    }

    #[tokio::test]
    async fn what_is_not_there_is_told_to_anybody() {
        assert_eq!(status("GET", "/nowhere", None).await, 404);
        assert_eq!(status("GET", "/metrics", None).await, 404);
        assert_eq!(status("DELETE", "/open", None).await, 405);
        assert_eq!(status("DELETE", "/guarded", Some("acme")).await, 405);
    }

    #[tokio::test]
    async fn probes_ask_for_nobody() {
        assert_eq!(status("GET", "/health/live", None).await, 200);
    }
}
