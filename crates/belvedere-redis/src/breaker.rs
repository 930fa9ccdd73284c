use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// So many failures in a row, and Redis is left alone for a while: a slow one would otherwise slow every request.
const THRESHOLD: u32 = 5;
/// How long it is left alone at most. Callers are back within two pauses after Redis is.
const PAUSE: Duration = Duration::from_millis(500);

/// What one outcome has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    None,
    Opened,
    Closed,
}

/// Stops asking what does not answer, and lets one caller try after each pause.
///
/// Not the breaker of calls to other services, which weighs answers of many kinds over seconds and lets some tries through: here all
/// callers share one connection, so that a few failures in a row say enough; a pause is short, since a cache is missed at once; and
/// a command pays for two atomic reads.
#[derive(Debug)]
pub(crate) struct Breaker {
    began: Instant,
    failures: AtomicU32,
    /// Milliseconds since `began`; 0 while it is closed.
    retry_at: AtomicU64,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            failures: AtomicU32::new(0),
            retry_at: AtomicU64::new(0),
        }
    }

    /// Whether a caller may ask. While it is open one may after each pause; should that one go away, so may the next.
    pub(crate) fn admits(&self) -> bool {
        let retry_at = self.retry_at.load(Ordering::Acquire);
        if retry_at == 0 {
            return true;
        }
        let now = self.now();
        let next = now + pause();
        let mine = Ordering::AcqRel;
        now >= retry_at
            && self
                .retry_at
                .compare_exchange(retry_at, next, mine, Ordering::Relaxed)
                .is_ok()
    }

    pub(crate) fn heard(&self, is_failure: bool) -> Turn {
        if is_failure {
            return self.failed();
        }
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
        if self.is_open() && self.retry_at.swap(0, Ordering::AcqRel) != 0 {
            return Turn::Closed;
        }
        Turn::None
    }

    fn failed(&self) -> Turn {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        let retry_at = self.now() + pause();
        let opens = failures >= THRESHOLD
            && self
                .retry_at
                .compare_exchange(0, retry_at, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok();
        if opens { Turn::Opened } else { Turn::None }
    }

    /// Opens it for who found out without it.
    pub(crate) fn open(&self) {
        self.retry_at.store(self.now() + pause(), Ordering::Release);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.retry_at.load(Ordering::Acquire) != 0
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Full jitter over the upper half: replicas do not come back together. Never 0.
fn pause() -> u64 {
    let pause = PAUSE.mul_f64(0.5 + fastrand::f64() / 2.0);
    u64::try_from(pause.as_millis()).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn open() -> Breaker {
        let breaker = Breaker::new();
        let turns: Vec<_> = (0..THRESHOLD).map(|_| breaker.heard(true)).collect();
        assert_eq!(
            turns.iter().filter(|turn| **turn == Turn::Opened).count(),
            1
        );
        assert_eq!(turns.last(), Some(&Turn::Opened));
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_success_begins_the_count_again() {
        let breaker = Breaker::new();
        for _ in 0..3 {
            (1..THRESHOLD).for_each(|_| assert_eq!(breaker.heard(true), Turn::None));
            assert_eq!(breaker.heard(false), Turn::None);
        }
        assert!(breaker.admits());
    }

    #[test]
    fn an_open_one_admits_one_caller_after_each_pause_and_a_success_closes_it() {
        let breaker = open();
        assert!(!breaker.admits());
        thread::sleep(PAUSE);
        assert_eq!([breaker.admits(), breaker.admits()], [true, false]);
        thread::sleep(PAUSE);
        assert!(breaker.admits(), "the caller before has gone");
        assert_eq!(breaker.heard(true), Turn::None);
        assert_eq!(breaker.heard(false), Turn::Closed);
        assert_eq!(breaker.heard(false), Turn::None);
        assert!(breaker.admits() && breaker.admits());
    }
}
