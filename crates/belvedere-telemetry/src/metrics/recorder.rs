//! The way in: what the macros of the facade call.

use std::sync::Arc;

use belvedere_core::metrics::is_money;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use super::{
    handle::Handle,
    registry::{Kind, Registry},
};

/// Cents in a whole.
const CENTS: u8 = 2;

/// Records into a registry.
#[derive(Debug)]
pub(super) struct Recording(pub(super) Arc<Registry>);

impl Recording {
    /// For what is read from elsewhere at a scrape.
    pub(super) fn set(&self, name: &'static str, value: f64) {
        let key = Key::from_static_name(name);
        if let Some(Handle::Gauge(gauge)) = self.0.register(&key, Kind::Gauge) {
            gauge.set(value);
        }
    }

    /// Likewise; `value` is in units of `10^-decimals`.
    pub(super) fn count(
        &self,
        name: &'static str,
        labels: &[(&'static str, &'static str)],
        decimals: u8,
        value: u64,
    ) {
        let key = Key::from_parts(name, labels);
        if let Some(Handle::Counter(counter)) = self.0.register(&key, Kind::Counter { decimals }) {
            counter.absolute(value);
        }
    }
}

impl Recorder for Recording {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.0.describe(name.as_str(), help);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.0.describe(name.as_str(), help);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.0.describe(name.as_str(), help);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        let decimals = if is_money(metadata) { CENTS } else { 0 };
        match self.0.register(key, Kind::Counter { decimals }) {
            Some(Handle::Counter(counter)) => counter,
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        match self.0.register(key, Kind::Gauge) {
            Some(Handle::Gauge(gauge)) => gauge,
            _ => Gauge::noop(),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match self.0.register(key, Kind::Histogram) {
            Some(Handle::Histogram(histogram)) => histogram,
            _ => Histogram::noop(),
        }
    }
}
