use std::{array, sync::OnceLock, time::Duration};

use belvedere_core::{
    context::Route,
    metrics::exemplify,
    names::{UNMATCHED, metric},
};
use metrics::{Gauge, Histogram};
use opentelemetry::TraceId;
use tonic::Code;

use crate::code::{self, COUNT};

/// The metric handles of one method, each resolved once, and how it is named in the other signals.
pub(crate) struct Series {
    package: Box<str>,
    service: Box<str>,
    method: Box<str>,
    /// `{package.Service}/{Method}`
    pub(crate) name: Box<str>,
    pub(crate) log_route: Route,
    active: Gauge,
    by_code: [OnceLock<Histogram>; COUNT],
}

impl std::fmt::Debug for Series {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Series({})", self.name)
    }
}

impl Series {
    pub(crate) fn new(package: &str, service: &str, method: &str) -> Self {
        let dot = if package.is_empty() { "" } else { "." };
        let name = format!("{package}{dot}{service}/{method}");
        Self::named(package, service, method, name)
    }

    /// What no mounted service has.
    pub(crate) fn unmatched() -> Self {
        Self::named(UNMATCHED, UNMATCHED, UNMATCHED, UNMATCHED.to_owned())
    }

    fn named(package: &str, service: &str, method: &str, name: String) -> Self {
        let owned = str::to_owned;
        Self {
            active: metrics::gauge!(
                metric::GRPC_ACTIVE_REQUESTS,
                "package" => owned(package), "service" => owned(service), "method" => owned(method)
            ),
            by_code: array::from_fn(|_| OnceLock::new()),
            log_route: Route::new("POST", &name),
            package: package.into(),
            service: service.into(),
            method: method.into(),
            name: name.into(),
        }
    }

    pub(crate) fn is_unmatched(&self) -> bool {
        &*self.name == UNMATCHED
    }

    /// `package.Service`
    pub(crate) fn full_service(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    pub(crate) fn began(&self) {
        self.active.increment(1.0);
    }

    pub(crate) fn ended(&self, code: Code, duration: Duration) {
        self.active.decrement(1.0);
        self.of(code).record(duration.as_secs_f64());
    }

    /// Leaves the trace of a call that has [`ended`](Self::ended) beside its duration.
    pub(crate) fn exemplify(&self, code: Code, duration: Duration, trace_id: TraceId) {
        exemplify(self.of(code), duration.as_secs_f64(), trace_id);
    }

    fn of(&self, code: Code) -> &Histogram {
        self.by_code[code as usize].get_or_init(|| {
            metrics::histogram!(
                metric::GRPC_RESPONSE_TIME,
                "package" => self.package.to_string(),
                "service" => self.service.to_string(),
                "method" => self.method.to_string(),
                "status_code" => code::name(code)
            )
        })
    }
}
