use belvedere_core::names::metric;
use metrics::Counter;

/// `cache_requests_total` of one cache, resolved once.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) hit: Counter,
    pub(crate) miss: Counter,
    pub(crate) error: Counter,
}

impl Counters {
    pub(crate) fn new(cache: &'static str) -> Self {
        let counter = |result| metrics::counter!(metric::CACHE_REQUESTS, "cache" => cache, "result" => result);
        Self {
            hit: counter("hit"),
            miss: counter("miss"),
            error: counter("error"),
        }
    }
}
