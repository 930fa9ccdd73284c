use axum::{Router, extract::DefaultBodyLimit};
use belvedere_core::Health;
use belvedere_http::{
    HttpConfig, Observe, RequireCaller,
    admin::{RenderMetrics, metrics_routes},
    health_routes, method_not_allowed_problems, no_such_route_problem,
    protect::ProtectLayer,
};

/// The domain's routes, by who may call them: there is no route of which that is not said.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    /// For callers who say for whom they ask.
    pub(crate) guarded: Router,
    /// For anybody.
    pub(crate) open: Router,
}

impl Routes {
    /// The public router: everything observed, probes quietly.
    pub(crate) fn public(
        self,
        config: &HttpConfig,
        observe: &Observe,
        health: &Health,
        render: RenderMetrics,
    ) -> Router {
        // The first is the outermost. One call for each group: each `layer` of a router costs a request boxes and futures.
        let outer = (
            observe.layer(),
            ProtectLayer::new(config.timeout_seconds.duration()),
            DefaultBodyLimit::max(config.body_limit_bytes),
        );
        let guarded = method_not_allowed_problems(self.guarded.reset_fallback());
        let open = method_not_allowed_problems(self.open.reset_fallback());
        let nothing = no_such_route_problem(Router::new());
        let probes = health_routes(health.clone()).merge(if config.expose_metrics {
            metrics_routes(render)
        } else {
            Router::new()
        });
        guarded
            .layer((outer.clone(), RequireCaller))
            .merge(open.layer(outer.clone()))
            .merge(nothing.layer(outer))
            .merge(probes.layer(observe.probes().layer()))
    }
}
