//! What long tests measure, and tell whoever runs them.

use std::{fmt, time::Duration};

/// Prints a figure beside the test's own output.
#[expect(clippy::print_stdout, reason = "figures are for whoever runs the test")]
pub fn report(figure: impl fmt::Display) {
    println!("    {figure}");
}

/// How long things took, in their order.
#[derive(Debug, Clone, Default)]
pub struct Quantiles(Vec<Duration>);

impl Quantiles {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What the given share of them did not exceed; zero when there is none. `0.99` is p99.
    #[must_use]
    pub fn at(&self, share: f64) -> Duration {
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        let found = self.0.get(rank.saturating_sub(1)).or(self.0.last());
        found.copied().unwrap_or_default()
    }
}

impl FromIterator<Duration> for Quantiles {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Self {
        let mut durations: Vec<_> = durations.into_iter().collect();
        durations.sort_unstable();
        Self(durations)
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |share| self.at(share).as_secs_f64() * 1e3;
        write!(
            f,
            "p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms, of {}",
            millis(0.5),
            millis(0.99),
            millis(1.0),
            self.count()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_value_that_was_measured() {
        let millis = (1..=100).rev().map(Duration::from_millis);
        let quantiles: Quantiles = millis.collect();
        let at = |share| quantiles.at(share).as_millis();
        assert_eq!((at(0.0), at(0.5), at(0.99), at(1.0)), (1, 50, 99, 100));
        assert_eq!(Quantiles::default().at(0.5), Duration::ZERO);
    }
}
