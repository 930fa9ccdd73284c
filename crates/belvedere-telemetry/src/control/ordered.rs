use std::time::{Duration, Instant};

/// What was ordered over a configured value: for good, for a time, or both, the latter above.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ordered<T> {
    standing: Option<T>,
    passing: Option<(T, Instant)>,
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self {
            standing: None,
            passing: None,
        }
    }
}

impl<T: Copy> Ordered<T> {
    /// An order for good replaces everything, one for a time only another of its kind.
    pub(super) fn place(&mut self, value: T, ttl: Option<Duration>) {
        // A time that no clock can tell is for good.
        match ttl.and_then(|ttl| Instant::now().checked_add(ttl)) {
            Some(end) => self.passing = Some((value, end)),
            None => {
                *self = Self {
                    standing: Some(value),
                    passing: None,
                }
            }
        }
    }

    /// What is ordered now.
    pub(super) fn value(&self) -> Option<T> {
        self.passing.map(|(value, _)| value).or(self.standing)
    }

    /// When it changes by itself.
    pub(super) fn end(&self) -> Option<Instant> {
        self.passing.map(|(_, end)| end)
    }

    /// How long it is until then.
    pub(super) fn left(&self) -> Option<Duration> {
        let now = Instant::now();
        self.end().map(|end| end.saturating_duration_since(now))
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.end().is_some_and(|end| end <= now)
    }

    /// Ends what was ordered for a time.
    pub(super) fn pass(&mut self) {
        self.passing = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Option<Duration> = Some(Duration::from_secs(3600));

    #[test]
    fn what_is_ordered_for_a_time_gives_back_what_stands() {
        let mut ordered = Ordered::default();
        ordered.place(1, None);
        ordered.place(2, HOUR);
        ordered.place(3, HOUR);
        assert_eq!(ordered.value(), Some(3));
        assert!(!ordered.is_over(Instant::now()));
        assert!(ordered.is_over(ordered.end().unwrap()));
        ordered.pass();
        assert_eq!((ordered.value(), ordered.end()), (Some(1), None));
    }

    #[test]
    fn what_is_ordered_for_good_ends_what_was_ordered_for_a_time() {
        let mut ordered = Ordered::default();
        ordered.place(1, HOUR);
        ordered.place(2, None);
        assert_eq!((ordered.value(), ordered.end()), (Some(2), None));
        ordered.place(3, Some(Duration::MAX));
        assert_eq!((ordered.value(), ordered.left()), (Some(3), None));
    }
}
