use std::{sync::Arc, time::Duration};

use super::{comment::Comments, shapes::Shapes};
use crate::{Backend, DatabaseConfig, QueryClass, backend::Options, error::Classify};

/// What all statements of one pool share.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) system: &'static str,
    pub(crate) namespace: Arc<str>,
    slow_after: Duration,
    /// What a request may wait in all.
    pub(super) request_limit: Option<Duration>,
    pub(super) comments: Comments,
    pub(super) classify: Classify,
    pub(super) shapes: Shapes,
}

impl Watch {
    pub(crate) fn new<DB: Backend>(config: &DatabaseConfig, options: &Options<DB>) -> Self {
        let limit = config.request_limit_seconds.duration();
        let application = config.comment_tags.then(|| DB::application(options));
        Self {
            system: DB::SYSTEM_NAME,
            namespace: DB::namespace(options).into(),
            slow_after: Duration::from_millis(config.slow_query_ms),
            request_limit: (!limit.is_zero()).then_some(limit),
            comments: Comments::new(application.as_deref(), config.comment_traceparent),
            classify: DB::error_class,
            shapes: Shapes::new(DB::SYSTEM_NAME),
        }
    }

    pub(crate) fn slow_after(&self, class: QueryClass) -> Duration {
        class.slow_after.unwrap_or(self.slow_after)
    }
}
