use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::TraceId;

/// One more than the largest value that 63 bits of a trace id can take.
const WHOLE: f64 = (1_u64 << 63) as f64;

/// Head sampling by trace id, as OpenTelemetry's `traceidratio` does it: every service that knows the same ratio
/// decides alike. The ratio can change while requests run.
#[derive(Debug)]
pub struct Sampler {
    /// A trace is kept when 63 bits of its id are below this.
    bound: AtomicU64,
    follow_parent: bool,
}

impl Sampler {
    /// `ratio` is clamped to 0..=1; `follow_parent` lets a trusted caller's decision stand.
    pub fn new(ratio: f64, follow_parent: bool) -> Self {
        let sampler = Self {
            bound: AtomicU64::new(0),
            follow_parent,
        };
        sampler.set_ratio(ratio);
        sampler
    }

    /// Changes the ratio for requests that begin from now on.
    pub fn set_ratio(&self, ratio: f64) {
        // A float that is out of range saturates; NaN becomes 0, which samples nothing.
        self.bound
            .store((ratio.clamp(0.0, 1.0) * WHOLE) as u64, Ordering::Relaxed);
    }

    /// The ratio in force.
    pub fn ratio(&self) -> f64 {
        self.bound.load(Ordering::Relaxed) as f64 / WHOLE
    }

    /// Whether a caller's decision stands.
    pub const fn follows_parent(&self) -> bool {
        self.follow_parent
    }

    /// `verdict` is what a trusted caller has decided, if it has.
    pub(crate) fn samples(&self, trace_id: TraceId, verdict: Option<bool>) -> bool {
        match verdict {
            Some(verdict) if self.follow_parent => verdict,
            _ => self.draws(trace_id),
        }
    }

    /// Whether the ratio alone takes this trace. Of two ratios the larger takes all that the smaller does.
    pub fn draws(&self, trace_id: TraceId) -> bool {
        let [.., a, b, c, d, e, f, g, h] = trace_id.to_bytes();
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1 < self.bound.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(sampler: &Sampler, verdict: Option<bool>) -> usize {
        let ids = (0..10_000).map(|_| TraceId::from(fastrand::u128(1..)));
        ids.filter(|id| sampler.samples(*id, verdict)).count()
    }

    #[test]
    fn the_ratio_is_kept_and_can_change() {
        let sampler = Sampler::new(0.1, true);
        assert!((800..1200).contains(&share(&sampler, None)));
        sampler.set_ratio(1.0);
        assert_eq!(share(&sampler, None), 10_000);
        for nothing in [0.0, -3.0, f64::NAN] {
            sampler.set_ratio(nothing);
            assert_eq!(share(&sampler, None), 0);
        }
    }

    #[test]
    fn a_parents_decision_stands_only_when_it_is_followed() {
        assert_eq!(share(&Sampler::new(0.0, true), Some(true)), 10_000);
        assert_eq!(share(&Sampler::new(1.0, true), Some(false)), 0);
        assert_eq!(share(&Sampler::new(0.0, false), Some(true)), 0);
    }
}
