//! What a series is while nobody looks: atomics.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use metrics::{CounterFn, GaugeFn};

use super::{histogram::Histogram, registry::Kind};

/// The storage of one series.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Counter(Arc<Counter>),
    Gauge(Arc<Gauge>),
    Histogram(Arc<Histogram>),
}

impl Cell {
    /// `bounds`: of a histogram.
    pub(super) fn new(kind: Kind, bounds: &'static [f64]) -> Self {
        match kind {
            Kind::Counter { .. } => Self::Counter(Arc::default()),
            Kind::Gauge => Self::Gauge(Arc::default()),
            Kind::Histogram => Self::Histogram(Arc::new(Histogram::new(bounds))),
        }
    }

    /// Whether nothing was recorded yet.
    pub(super) fn is_zero(&self) -> bool {
        match self {
            Self::Counter(counter) => counter.get() == 0,
            Self::Gauge(gauge) => gauge.get() == 0.0,
            Self::Histogram(histogram) => histogram.counts().all(|count| count == 0),
        }
    }
}

/// What a tenant's cell has counted, and the cell of all others.
pub(super) trait Pour {
    /// Empties this into `other`; what is recorded meanwhile is in one of both.
    fn pour(&self, other: &Self);

    /// Takes back what `other` has had before.
    fn take_back(&self, other: &Self);

    /// Brings `had` up to this, and `other` as much further, unless this is told by itself.
    fn settle(&self, had: &Self, other: &Self, is_told: bool);
}

impl Cell {
    /// See [`Pour::settle`]. All are of one family, and so of one kind.
    pub(super) fn settle(&self, had: &Self, other: &Self, is_told: bool) {
        match (self, had, other) {
            (Self::Counter(own), Self::Counter(had), Self::Counter(other)) => {
                own.settle(had, other, is_told);
            }
            (Self::Gauge(own), Self::Gauge(had), Self::Gauge(other)) => {
                own.settle(had, other, is_told);
            }
            (Self::Histogram(own), Self::Histogram(had), Self::Histogram(other)) => {
                own.settle(had, other, is_told);
            }
            _ => {}
        }
    }

    /// Leaves to `other` what it has not had yet, for good.
    pub(super) fn leave(&self, had: &Self, other: &Self) {
        match (self, had, other) {
            (Self::Counter(own), Self::Counter(had), Self::Counter(other)) => {
                leave(own, had, other);
            }
            (Self::Gauge(own), Self::Gauge(had), Self::Gauge(other)) => {
                leave(own, had, other);
            }
            (Self::Histogram(own), Self::Histogram(had), Self::Histogram(other)) => {
                leave(own, had, other);
            }
            _ => {}
        }
    }
}

fn leave<C: Pour>(own: &Arc<C>, had: &Arc<C>, other: &Arc<C>) {
    own.pour(other);
    had.take_back(other);
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

impl Pour for Counter {
    fn pour(&self, other: &Self) {
        other.increment(self.0.swap(0, Ordering::SeqCst));
    }

    fn take_back(&self, other: &Self) {
        other.0.fetch_sub(self.get(), Ordering::Relaxed);
    }

    fn settle(&self, had: &Self, other: &Self, is_told: bool) {
        let now = self.get();
        let before = had.0.swap(now, Ordering::Relaxed);
        if !is_told {
            other.increment(now.wrapping_sub(before));
        }
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

/// Of what is, and not of what happened, nothing stays in two places: who is told is not among the others.
impl Pour for Gauge {
    fn pour(&self, other: &Self) {
        other.0.add(self.0.swap(0.0));
    }

    fn take_back(&self, other: &Self) {
        other.0.add(-self.get());
    }

    fn settle(&self, had: &Self, other: &Self, is_told: bool) {
        let now = if is_told { 0.0 } else { self.get() };
        other.0.add(now - had.0.swap(now));
    }
}

/// A number in the bits of an integer: std has no atomic of its own for it.
#[derive(Debug, Default)]
pub(super) struct AtomicF64(AtomicU64);

impl AtomicF64 {
    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn swap(&self, value: f64) -> f64 {
        f64::from_bits(self.0.swap(value.to_bits(), Ordering::SeqCst))
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
