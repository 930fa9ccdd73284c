use std::time::Duration;

/// Half a minute is what most outages of a dependency take, and ten runs reach over a quarter of an hour.
const ATTEMPTS: u32 = 10;
const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(600);

/// When a failed run is repeated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retry {
    pub(crate) attempts: u32,
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: ATTEMPTS,
            first: FIRST,
            longest: LONGEST,
        }
    }
}

impl Retry {
    /// How long to wait after that many runs; `None`: it has been tried often enough. Each pause is twice the one before,
    /// give or take a half, so that what failed together does not come back together.
    pub(crate) fn pause(&self, attempt: u32) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let pause = self.first.saturating_mul(doubled).min(self.longest);
        Some(pause.mul_f64(0.5 + fastrand::f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_with_jitter_up_to_the_longest_and_then_end() {
        let retry = Retry {
            attempts: 5,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(3),
        };
        for (attempt, middle) in [(1, 1.0), (2, 2.0), (3, 3.0), (4, 3.0)] {
            let drawn: Vec<_> = (0..200)
                .map(|_| retry.pause(attempt).unwrap().as_secs_f64())
                .collect();
            assert!(
                drawn
                    .iter()
                    .all(|pause| (0.5..1.5).contains(&(pause / middle)))
            );
            assert!(drawn.iter().any(|pause| *pause < middle * 0.9));
            assert!(drawn.iter().any(|pause| *pause > middle * 1.1));
        }
        assert_eq!(retry.pause(5), None);
        assert_eq!(retry.pause(u32::MAX), None);
    }
}
