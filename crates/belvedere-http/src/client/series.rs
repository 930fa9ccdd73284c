use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use belvedere_core::names::metric;
use foldhash::fast::RandomState;
use http::{Method, StatusCode};
use metrics::{Counter, Histogram};

use crate::observe::method_label;

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    Status(StatusCode),
    /// There is none, and why.
    Without(&'static str),
}

impl Outcome {
    pub(super) fn label(&self) -> &str {
        match self {
            Self::Status(status) => status.as_str(),
            Self::Without(why) => why,
        }
    }
}

type Durations = HashMap<(&'static str, Outcome), Histogram, RandomState>;

/// An upstream's metric handles, each resolved once.
#[derive(Default)]
pub(super) struct Series {
    durations: Mutex<Durations>,
    retries: OnceLock<Counter>,
}

impl std::fmt::Debug for Series {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Series").finish_non_exhaustive()
    }
}

impl Series {
    pub(super) fn tried(
        &self,
        upstream: &'static str,
        method: &Method,
        outcome: Outcome,
        took: Duration,
    ) {
        let method = method_label(method);
        let mut durations = self
            .durations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let duration = durations.entry((method, outcome)).or_insert_with(|| {
            // The first try begins the count of retries, at 0: that it has grown is seen by what was there before.
            self.retries(upstream);
            duration(upstream, method, outcome)
        });
        duration.record(took.as_secs_f64());
    }

    pub(super) fn retried(&self, upstream: &'static str) {
        self.retries(upstream).increment(1);
    }

    fn retries(&self, upstream: &'static str) -> &Counter {
        let retries = || metrics::counter!(metric::HTTP_CLIENT_RETRIES, "upstream" => upstream);
        self.retries.get_or_init(retries)
    }
}

fn duration(upstream: &'static str, method: &'static str, outcome: Outcome) -> Histogram {
    metrics::histogram!(
        metric::HTTP_CLIENT_DURATION,
        "upstream" => upstream, "method" => method, "status" => outcome.label().to_owned()
    )
}
