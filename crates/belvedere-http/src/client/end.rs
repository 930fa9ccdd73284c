use std::time::{Duration, Instant};

use super::UpstreamError;
use crate::deadline;

/// What a handler keeps of its own time, to make something of a call that came to nothing: a tenth, and at most this.
const KEPT: Duration = Duration::from_millis(500);

/// When a call is over, whatever has come of it.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// The moment.
    pub at: Instant,
    /// Whether the handler has no more time, where the upstream would have.
    is_deadline: bool,
}

impl End {
    /// In `timeout`, or shortly before the running handler is cut.
    pub fn within(timeout: Duration) -> Self {
        Self::of(Instant::now(), timeout, deadline::current())
    }

    fn of(now: Instant, timeout: Duration, deadline: Option<Instant>) -> Self {
        let own = now + timeout;
        let deadline = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(now);
            now + left.saturating_sub(KEPT.min(left / 10))
        });
        match deadline {
            Some(at) if at < own => Self {
                at,
                is_deadline: true,
            },
            _ => Self {
                at: own,
                is_deadline: false,
            },
        }
    }

    /// How long that is from now.
    pub fn left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    pub(super) const fn error(self, name: &'static str) -> UpstreamError {
        if self.is_deadline {
            UpstreamError::DeadlineOver { name }
        } else {
            UpstreamError::TimedOut { name }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_ends_before_its_handler_does_and_by_its_own_limit() {
        let now = Instant::now();
        let end = |timeout, deadline: Option<u64>| {
            let deadline = deadline.map(|millis| now + Duration::from_millis(millis));
            let end = End::of(now, Duration::from_millis(timeout), deadline);
            (end.at.duration_since(now).as_millis(), end.is_deadline)
        };
        assert_eq!(end(5_000, None), (5_000, false));
        assert_eq!(end(5_000, Some(30_000)), (5_000, false));
        assert_eq!(end(5_000, Some(1_000)), (900, true));
        assert_eq!(end(50_000, Some(30_000)), (29_500, true));
        assert_eq!(end(5_000, Some(0)), (0, true));
    }
}
