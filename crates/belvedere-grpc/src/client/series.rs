use std::{
    array,
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use belvedere_core::names::metric;
use foldhash::fast::RandomState;
use metrics::{Counter, Histogram};
use tonic::Code;

use crate::code::{self, COUNT};

/// An upstream's metric handles. Its methods are those of generated code: a closed set.
#[derive(Default)]
pub(super) struct Series {
    methods: Mutex<HashMap<Box<str>, Arc<Method>, RandomState>>,
    retries: OnceLock<Counter>,
}

impl std::fmt::Debug for Series {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Series").finish_non_exhaustive()
    }
}

/// Those of one of its methods, each resolved once.
pub(super) struct Method {
    /// `{package.Service}/{Method}`
    pub(super) name: Box<str>,
    by_code: [OnceLock<Histogram>; COUNT],
}

impl std::fmt::Debug for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Method({})", self.name)
    }
}

impl Series {
    /// Its first call begins the count of retries, at 0: that it has grown is seen by what was there before.
    pub(super) fn of(&self, upstream: &'static str, path: &str) -> Arc<Method> {
        let name = path.trim_start_matches('/');
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(method) = methods.get(name) {
            return Arc::clone(method);
        }
        self.retries(upstream);
        let method = Arc::new(Method {
            name: name.into(),
            by_code: array::from_fn(|_| OnceLock::new()),
        });
        methods.insert(name.into(), Arc::clone(&method));
        method
    }

    pub(super) fn retried(&self, upstream: &'static str) {
        self.retries(upstream).increment(1);
    }

    fn retries(&self, upstream: &'static str) -> &Counter {
        let retries = || metrics::counter!(metric::RPC_CLIENT_RETRIES, "upstream" => upstream);
        self.retries.get_or_init(retries)
    }
}

impl Method {
    pub(super) fn ended(&self, upstream: &'static str, code: Code, took: Duration) {
        let duration = self.by_code[code as usize].get_or_init(|| {
            metrics::histogram!(
                metric::RPC_CLIENT_DURATION,
                "upstream" => upstream,
                "method" => self.name.to_string(),
                "status_code" => code::name(code)
            )
        });
        duration.record(took.as_secs_f64());
    }
}
