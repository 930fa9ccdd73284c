//! The time by which a request has to be answered, for what it calls.
//!
//! It belongs to the handler, not to the request's context: work that was spawned beside the handler outlives it, and is in no
//! such hurry.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// What is longer is for ever; beyond some point the clock would overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

thread_local! {
    static CURRENT: Cell<Option<Limit>> = const { Cell::new(None) };
}

/// A handler's time limit. The clock is read when somebody asks for it, or waits for it: most handlers do neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Runs from the first poll.
    For(Duration),
    /// Runs until then.
    Until(Instant),
}

impl Limit {
    /// When it is over; from now on it is always the same.
    pub fn end(&mut self) -> Instant {
        let end = match *self {
            Self::For(time) => Instant::now() + time.min(LONGEST),
            Self::Until(end) => end,
        };
        *self = Self::Until(end);
        end
    }

    /// Runs `poll` under this limit. It must not unwind.
    pub fn scope<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        let outer = CURRENT.replace(Some(*self));
        let polled = poll();
        if let Some(limit) = CURRENT.replace(outer) {
            *self = limit;
        }
        polled
    }
}

/// When the running handler is cut, if it is.
pub fn current() -> Option<Instant> {
    let mut limit = CURRENT.get()?;
    let end = limit.end();
    CURRENT.set(Some(limit));
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_ends_once_whoever_asks_first() {
        let mut limit = Limit::For(Duration::from_secs(1));
        let asked = limit.scope(current);
        assert_eq!(limit, Limit::Until(asked.unwrap()));
        assert_eq!(limit.scope(current), asked);
        assert_eq!(Some(limit.end()), asked);
    }

    #[test]
    fn a_limit_holds_inside_of_its_scope_only() {
        let (mut outer, mut inner) = (
            Limit::For(Duration::from_secs(1)),
            Limit::For(Duration::from_secs(2)),
        );
        assert_eq!(current(), None);
        outer.scope(|| {
            let ends = (current(), inner.scope(current), current());
            assert!(ends.0 < ends.1);
            assert_eq!(ends.0, ends.2);
        });
        assert_eq!(current(), None);
    }
}
