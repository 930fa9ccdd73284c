//! What a series is while nobody looks: atomics.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use metrics::{CounterFn, GaugeFn};

use super::histogram::Histogram;

/// The storage of one series.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Counter(Arc<Counter>),
    Gauge(Arc<Gauge>),
    Histogram(Arc<Histogram>),
}

impl Cell {
    /// Whether nothing was recorded yet.
    pub(super) fn is_zero(&self) -> bool {
        match self {
            Self::Counter(counter) => counter.get() == 0,
            Self::Gauge(gauge) => gauge.get() == 0.0,
            Self::Histogram(histogram) => histogram.counts().all(|count| count == 0),
        }
    }
}

/// Counts up.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl CounterFn for Counter {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }
}

/// Tells what is.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicF64);

impl Gauge {
    pub(crate) fn get(&self) -> f64 {
        self.0.get()
    }
}

impl GaugeFn for Gauge {
    fn increment(&self, value: f64) {
        self.0.add(value);
    }

    fn decrement(&self, value: f64) {
        self.0.add(-value);
    }

    fn set(&self, value: f64) {
        self.0.0.store(value.to_bits(), Ordering::Relaxed);
    }
}

/// A number in the bits of an integer: std has no atomic of its own for it.
#[derive(Debug, Default)]
pub(super) struct AtomicF64(AtomicU64);

impl AtomicF64 {
    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn add(&self, value: f64) {
        let mut now = self.0.load(Ordering::Relaxed);
        loop {
            let next = (f64::from_bits(now) + value).to_bits();
            match self
                .0
                .compare_exchange_weak(now, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(other) => now = other,
            }
        }
    }
}
