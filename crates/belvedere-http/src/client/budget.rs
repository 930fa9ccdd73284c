use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What a retry costs, where a call brings one: retries are a tenth of all calls.
const RETRY: u32 = 10;
/// What may be saved: ten retries, so that an upstream which is called once a minute is retried, too.
const MOST: u32 = 10 * RETRY;

/// How many retries an upstream may be sent, whoever makes them.
#[derive(Debug)]
pub struct Budget(AtomicU32);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(MOST))
    }
}

impl Budget {
    /// A call was made.
    pub fn earn(&self) {
        self.update(|saved| (saved < MOST).then(|| saved + 1));
    }

    /// Whether there is enough for a retry; if so, it is spent.
    pub fn spend(&self) -> bool {
        self.update(|saved| saved.checked_sub(RETRY))
    }

    fn update(&self, change: impl FnMut(u32) -> Option<u32>) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, change).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_ten_and_a_tenth_of_all_calls() {
        let budget = Budget::default();
        let mut retries = 0;
        for _ in 0..1_000 {
            budget.earn();
            retries += u32::from(budget.spend());
        }
        assert_eq!(retries, 110 - 1, "the first call came to a full purse");
        assert!(!budget.spend() || budget.0.load(Relaxed) < RETRY);
    }

    #[test]
    fn calls_that_go_well_save_up_for_no_storm() {
        let budget = Budget::default();
        (0..10_000).for_each(|_| budget.earn());
        let retries = (0..100).filter(|_| budget.spend()).count();
        assert_eq!(retries, 10);
    }
}
