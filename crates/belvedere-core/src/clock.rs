use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What tells the time of day: the system, unless a test sets it.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's.
    #[default]
    System,
    /// Nanoseconds since 1970, set by somebody else.
    Set(Arc<AtomicU64>),
}

impl Clock {
    /// The time of day.
    #[inline]
    pub fn now(&self) -> SystemTime {
        match self {
            Self::System => SystemTime::now(),
            Self::Set(nanos) => UNIX_EPOCH + Duration::from_nanos(nanos.load(Ordering::Relaxed)),
        }
    }
}
