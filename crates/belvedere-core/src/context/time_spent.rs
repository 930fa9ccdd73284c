use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Time that a request has spent on something: what overlaps counts once.
#[derive(Debug, Default)]
pub struct TimeSpent(Mutex<Spent>);

#[derive(Debug, Default)]
struct Spent {
    before: Duration,
    since: Option<Instant>,
    open: u32,
}

impl Spent {
    fn so_far(&self) -> Duration {
        self.before + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

impl TimeSpent {
    /// Counts from here, until [`TimeSpent::end`] has been called as often.
    pub fn begin(&self) {
        let mut spent = self.lock();
        spent.open += 1;
        spent.since.get_or_insert_with(Instant::now);
    }

    /// Counts no longer, unless something else has begun too.
    pub fn end(&self) {
        let mut spent = self.lock();
        spent.open = spent.open.saturating_sub(1);
        if spent.open == 0 {
            spent.before = spent.so_far();
            spent.since = None;
        }
    }

    /// All of it.
    pub fn so_far(&self) -> Duration {
        self.lock().so_far()
    }

    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    const PIECE: Duration = Duration::from_millis(20);

    #[test]
    fn what_overlaps_counts_once_and_pauses_do_not_count() {
        let (spent, began) = (TimeSpent::default(), Instant::now());
        spent.begin();
        spent.begin();
        sleep(PIECE);
        spent.end();
        assert!(spent.so_far() >= PIECE);
        spent.end();
        let ended = began.elapsed();
        let so_far = spent.so_far();
        assert!(so_far <= ended, "{so_far:?} of {ended:?}");
        sleep(PIECE);
        assert_eq!(spent.so_far(), so_far);
    }
}
