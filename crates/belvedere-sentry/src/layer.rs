use std::sync::Arc;

use belvedere_core::{Redactor, names::event as name};
use sentry_core::Hub;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{Layer, layer::Context};

use crate::{
    event::{breadcrumb, event, is_the_failure},
    request::Trail,
    said::Said,
};

/// Makes events of errors, and breadcrumbs of what was logged before them in the same request.
#[derive(Debug)]
pub struct FailureLayer {
    hub: Arc<Hub>,
    redactor: Redactor,
}

impl FailureLayer {
    pub(crate) const fn new(hub: Arc<Hub>, redactor: Redactor) -> Self {
        Self { hub, redactor }
    }

    fn tell(&self, told: &Event<'_>, trail: Option<&Trail>) {
        let metadata = told.metadata();
        let said = || Said::by(told, &self.redactor);
        let failure = *metadata.level() == Level::ERROR;
        match (trail, failure) {
            (Some(trail), true) => {
                let said_once = said();
                let is_the_failure = is_the_failure(&said_once);
                let event = event(metadata, said_once);
                trail.fail(event, is_the_failure, breadcrumb(metadata, said()));
            }
            (Some(trail), false) => {
                let said = said();
                if said.message == name::REQUEST_COMPLETED {
                    trail.end();
                } else {
                    trail.add(breadcrumb(metadata, said));
                }
            }
            (None, true) => drop(self.hub.capture_event(event(metadata, said()))),
            (None, false) => {}
        }
    }
}

impl<S: Subscriber> Layer<S> for FailureLayer {
    fn on_event(&self, told: &Event<'_>, _: Context<'_, S>) {
        if *told.metadata().level() <= Level::INFO {
            self.tell(told, Trail::current(&self.hub).as_deref());
        }
    }
}
