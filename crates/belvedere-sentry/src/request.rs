//! What is known of one request: its hub, with the breadcrumbs, and the failures that it has not told yet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use belvedere_core::RequestContext;
use sentry_core::{Breadcrumb, Hub, protocol::Event};
use sentry_tower::HubProvider;

/// Failures of one request that are told apart.
const MOST_FAILURES: usize = 3;

/// Lives as long as its request.
#[derive(Debug)]
pub(crate) struct Trail {
    hub: Arc<Hub>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Event<'static>>,
    /// `waiting` is the one failure that its request ended with.
    has_the_failure: bool,
    has_ended: bool,
}

impl Trail {
    fn new(above: &Arc<Hub>) -> Self {
        Self {
            hub: Arc::new(Hub::new_from_top(above)),
            state: Mutex::default(),
        }
    }

    /// That of the running request.
    pub(crate) fn current(above: &Arc<Hub>) -> Option<Arc<Self>> {
        RequestContext::with(|context| context.keep(|| Self::new(above))).flatten()
    }

    pub(crate) fn add(&self, breadcrumb: Breadcrumb) {
        self.hub.add_breadcrumb(breadcrumb);
    }

    /// Takes what a line tells as an error. Nothing is sent before the request has ended: its last word says most, and all
    /// before it is about the same failure.
    pub(crate) fn fail(&self, event: Event<'static>, is_the_failure: bool, told: Breadcrumb) {
        let mut state = self.lock();
        if state.has_ended {
            drop(state);
            self.hub.capture_event(event);
        } else if state.has_the_failure {
            drop(state);
            self.add(told);
        } else if is_the_failure {
            state.has_the_failure = true;
            state.waiting = vec![event];
        } else {
            if state.waiting.len() < MOST_FAILURES {
                state.waiting.push(event);
            }
            drop(state);
            self.add(told);
        }
    }

    /// The request has ended.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.has_ended = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for event in waiting {
            self.hub.capture_event(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the end of a request is not logged, this is its end.
impl Drop for Trail {
    fn drop(&mut self) {
        self.end();
    }
}

/// A layer of `sentry-tower` that makes the hub of a request the current one: inside of the observe layer.
#[derive(Debug, Clone)]
pub struct OfRequest(Arc<Hub>);

impl<R> HubProvider<Arc<Hub>, R> for OfRequest {
    fn hub(&self, _: &R) -> Arc<Hub> {
        let trail = Trail::current(&self.0);
        trail.map_or_else(|| Arc::clone(&self.0), |trail| Arc::clone(&trail.hub))
    }
}

/// Binds the hub of each request `R`.
pub type BindHub<R> = sentry_tower::SentryLayer<OfRequest, Arc<Hub>, R>;

pub(crate) fn bind_hub<R>(above: &Arc<Hub>) -> BindHub<R> {
    BindHub::new(OfRequest(Arc::clone(above)))
}
