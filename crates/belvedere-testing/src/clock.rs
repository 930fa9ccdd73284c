use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use belvedere_core::Clock;

/// A clock that stands still until a test moves it.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let clock = belvedere_testing::ManualClock::at(UNIX_EPOCH + Duration::from_secs(60));
/// let reader = clock.clock();
/// clock.advance(Duration::from_millis(1));
/// assert_eq!(reader.now(), UNIX_EPOCH + Duration::from_millis(60_001));
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// It stands at `time`, to the nanosecond; 1970 to 2554.
    pub fn at(time: SystemTime) -> Self {
        Self(Arc::new(AtomicU64::new(nanos(since_1970(time)))))
    }

    /// For what reads it, such as `LogLayer::clock`.
    pub fn clock(&self) -> Clock {
        Clock::Set(Arc::clone(&self.0))
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(nanos(by), Ordering::Relaxed);
    }

    /// Moves it to any time, an earlier one too.
    pub fn set(&self, time: SystemTime) {
        self.0.store(nanos(since_1970(time)), Ordering::Relaxed);
    }
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
