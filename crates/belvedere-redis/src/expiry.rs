use std::time::{Duration, Instant};

use moka::Expiry;

/// The share of its time that an entry may lose: entries that were loaded together do not expire together.
const JITTER: f64 = 0.1;

/// Lets entries live for `ttl`, or up to a tenth less.
#[derive(Debug)]
pub(crate) struct Jittered {
    pub(crate) ttl: Duration,
}

/// `ttl`, or up to a tenth less.
pub(crate) fn draw(ttl: Duration) -> Duration {
    ttl.mul_f64(1.0 - JITTER * fastrand::f64())
}

impl<V> Expiry<String, V> for Jittered {
    fn expire_after_create(&self, _: &String, _: &V, _: Instant) -> Option<Duration> {
        Some(draw(self.ttl))
    }

    fn expire_after_update(
        &self,
        _: &String,
        _: &V,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(draw(self.ttl))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_entry_outlives_its_ttl_and_none_loses_more_than_a_tenth() {
        let ttl = Duration::from_secs(10);
        for _ in 0..1000 {
            let drawn = draw(ttl);
            assert!((ttl.mul_f64(0.9)..=ttl).contains(&drawn), "{drawn:?}");
        }
    }
}
