//! Metric handles, resolved once for each route and method, so that a request touches atomics only.

use std::{
    array,
    borrow::Cow,
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use belvedere_core::{
    context::Route,
    metrics::exemplify,
    names::{NESTED_REST, UNMATCHED, metric},
};
use foldhash::fast::RandomState;
use metrics::{Counter, Gauge, Histogram};
use opentelemetry::TraceId;

use super::request::METHODS;

/// Statuses of one route and method whose counters are remembered; a route rarely answers with more.
const STATUSES: usize = 16;

type ByMethod = [Option<Arc<Series>>; METHODS.len()];

thread_local! {
    /// Keyed by route template, of which there is a fixed number.
    static FOUND: RefCell<HashMap<Box<str>, ByMethod, RandomState>> = RefCell::default();
}

/// The handles of one route and method.
pub(super) struct Series {
    pub(super) method: &'static str,
    pub(super) route: Box<str>,
    /// `{METHOD} {route}`; the method alone where no route matched.
    pub(super) span_name: Box<str>,
    pub(super) log_route: Route,
    active: Gauge,
    duration: Histogram,
    request_size: Histogram,
    response_size: Histogram,
    by_status: [OnceLock<(u16, Counter)>; STATUSES],
}

impl std::fmt::Debug for Series {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Series({} {})", self.method, self.route)
    }
}

/// The handles of `METHODS[method]` on `route`, from this thread's table.
pub(super) fn find(method: usize, route: &str) -> Arc<Series> {
    FOUND.with_borrow_mut(|found| {
        if let Some(series) = found
            .get(route)
            .and_then(|by_method| by_method[method].as_ref())
        {
            return Arc::clone(series);
        }
        let by_method = found.entry(route.into()).or_default();
        Arc::clone(by_method[method].insert(Arc::new(Series::new(METHODS[method], route))))
    })
}

/// `/files/*` for what [`nest_service`](crate::nest_service) has mounted.
fn label(template: &str) -> Cow<'_, str> {
    let above = template.strip_suffix(NESTED_REST);
    above.map_or(template.into(), |above| format!("{above}*").into())
}

fn span_name(method: &str, route: &str) -> String {
    if route == UNMATCHED {
        method.to_owned()
    } else {
        format!("{method} {route}")
    }
}

impl Series {
    fn new(method: &'static str, template: &str) -> Self {
        let route = &*label(template);
        let path = || route.to_owned();
        Self {
            active: metrics::gauge!(metric::HTTP_REQUESTS_ACTIVE, "method" => method, "path" => path()),
            duration: metrics::histogram!(metric::HTTP_REQUEST_DURATION, "method" => method, "path" => path()),
            request_size: metrics::histogram!(metric::HTTP_REQUEST_SIZE, "method" => method, "path" => path()),
            response_size: metrics::histogram!(metric::HTTP_RESPONSE_SIZE, "method" => method, "path" => path()),
            by_status: array::from_fn(|_| OnceLock::new()),
            method,
            log_route: Route::new(method, route),
            span_name: span_name(method, route).into(),
            route: route.into(),
        }
    }

    pub(super) fn began(&self) {
        self.active.increment(1.0);
    }

    pub(super) fn ended(
        &self,
        status: u16,
        duration: Duration,
        request_bytes: u64,
        response_bytes: u64,
    ) {
        self.active.decrement(1.0);
        self.duration.record(duration.as_secs_f64());
        self.request_size.record(request_bytes as f64);
        self.response_size.record(response_bytes as f64);
        self.count(status);
    }

    /// Leaves the trace of a request that has [`ended`](Self::ended) beside its duration.
    pub(super) fn exemplify(&self, duration: Duration, trace_id: TraceId) {
        exemplify(&self.duration, duration.as_secs_f64(), trace_id);
    }

    fn count(&self, status: u16) {
        for slot in &self.by_status {
            // A slot that another status has taken, now or in a race, is passed over.
            let (taken_by, counter) = slot.get_or_init(|| (status, self.counter(status)));
            if *taken_by == status {
                return counter.increment(1);
            }
        }
        self.counter(status).increment(1);
    }

    fn counter(&self, status: u16) -> Counter {
        metrics::counter!(
            metric::HTTP_REQUESTS,
            "method" => self.method,
            "path" => self.route.to_string(),
            "status" => status.to_string()
        )
    }
}
