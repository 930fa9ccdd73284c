use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A server that comes back is met by all replicas at once for about so long.
const RUSH: Duration = Duration::from_secs(5);
/// New connections are spread over this time then: one takes PostgreSQL some milliseconds.
const SPREAD: Duration = Duration::from_millis(100);

/// When connections broke last.
#[derive(Debug, Default)]
pub(super) struct Breakdown(Mutex<Option<Instant>>);

impl Breakdown {
    pub(super) fn saw(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// What to wait before a new connection is opened: nothing, unless some broke a moment ago.
    pub(super) fn pause(&self) -> Option<Duration> {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = last.is_some_and(|last| last.elapsed() < RUSH);
        is_recent.then(|| SPREAD.mul_f64(fastrand::f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_after_a_breakdown_is_there_a_pause_and_no_two_are_alike() {
        let breakdown = Breakdown::default();
        assert_eq!(breakdown.pause(), None);
        breakdown.saw();
        let [first, second] = [breakdown.pause().unwrap(), breakdown.pause().unwrap()];
        assert!(first < SPREAD && second < SPREAD && first != second);
    }
}
