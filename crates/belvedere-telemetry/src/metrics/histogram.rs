use std::{
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use belvedere_core::metrics::exemplar;
use metrics::HistogramFn;
use opentelemetry::TraceId;

use super::cells::{AtomicF64, Pour};

/// Counts by bucket. A value costs two atomic additions, and no memory however many come.
#[derive(Debug)]
pub(crate) struct Histogram {
    bounds: &'static [f64],
    /// One more than there are bounds.
    counts: Box<[AtomicU64]>,
    sum: AtomicF64,
    /// The latest of each bucket, made with the first.
    exemplars: OnceLock<Box<[Mutex<Option<Exemplar>>]>>,
}

/// A value whose trace was kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) trace_id: TraceId,
    pub(crate) value: f64,
    /// Since 1970.
    pub(crate) at: Duration,
}

impl Histogram {
    /// `bounds` are the inclusive upper ends of the buckets, in their order, without infinity.
    pub(crate) fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicF64::default(),
            exemplars: OnceLock::new(),
        }
    }

    pub(crate) const fn bounds(&self) -> &'static [f64] {
        self.bounds
    }

    /// How many values are in each bucket alone, the one above all bounds last.
    pub(crate) fn counts(&self) -> impl Iterator<Item = u64> {
        self.counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
    }

    pub(crate) fn sum(&self) -> f64 {
        self.sum.get()
    }

    /// The exemplar of a bucket, where there is one.
    pub(crate) fn exemplar(&self, bucket: usize) -> Option<Exemplar> {
        let slot = self.exemplars.get()?.get(bucket)?;
        *slot.lock().ok()?
    }

    fn bucket(&self, value: f64) -> usize {
        self.bounds.partition_point(|bound| *bound < value)
    }

    fn exemplify(&self, value: f64, trace_id: TraceId) {
        let slots = self
            .exemplars
            .get_or_init(|| self.counts.iter().map(|_| Mutex::default()).collect());
        // Another request of the same bucket is as good an example: nobody waits.
        if let Ok(mut slot) = slots[self.bucket(value)].try_lock() {
            let at = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            *slot = Some(Exemplar {
                trace_id,
                value,
                at,
            });
        }
    }
}

impl HistogramFn for Histogram {
    fn record(&self, value: f64) {
        self.record_many(value, 1);
    }

    /// Zero times leaves an exemplar: see [`belvedere_core::metrics::exemplify`].
    fn record_many(&self, value: f64, count: usize) {
        // It would be in no bucket, and in the sum for ever.
        if value.is_nan() {
            return;
        }
        if count == 0 {
            if let Some(trace_id) = exemplar() {
                self.exemplify(value, trace_id);
            }
            return;
        }
        self.counts[self.bucket(value)].fetch_add(count as u64, Ordering::Relaxed);
        self.sum.add(value * count as f64);
    }
}

impl Pour for Histogram {
    fn pour(&self, other: &Self) {
        for (own, other) in self.counts.iter().zip(&other.counts) {
            other.fetch_add(own.swap(0, Ordering::SeqCst), Ordering::Relaxed);
        }
        other.sum.add(self.sum.swap(0.0));
    }

    fn take_back(&self, other: &Self) {
        for (own, other) in self.counts.iter().zip(&other.counts) {
            other.fetch_sub(own.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        other.sum.add(-self.sum());
    }

    fn settle(&self, had: &Self, other: &Self, is_told: bool) {
        let counts = self.counts.iter().zip(&had.counts);
        for ((own, had), other) in counts.zip(&other.counts) {
            let now = own.load(Ordering::Relaxed);
            let before = had.swap(now, Ordering::Relaxed);
            if !is_told {
                other.fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
            }
        }
        let sum = self.sum();
        let before = had.sum.swap(sum);
        if !is_told {
            other.sum.add(sum - before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_at_a_bound_is_in_the_bucket_below_it() {
        let histogram = Histogram::new(&[0.1, 1.0]);
        for value in [-1.0, 0.1, 0.11, 1.0, 1.01, f64::INFINITY] {
            histogram.record(value);
        }
        assert_eq!(histogram.counts().collect::<Vec<_>>(), [2, 2, 2]);
    }

    #[test]
    fn what_is_no_number_is_not_recorded() {
        let histogram = Histogram::new(&[1.0]);
        histogram.record(f64::NAN);
        histogram.record_many(0.5, 3);
        assert_eq!(histogram.counts().sum::<u64>(), 3);
        assert_eq!(histogram.sum(), 1.5);
    }
}
