//! What is left of many measurements of one thing.

use serde::{Deserialize, Serialize};

/// The middle one and the ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// What a plan without a single round would leave.
    pub(crate) const NOTHING: Self = Self {
        median: f64::NAN,
        min: f64::NAN,
        max: f64::NAN,
    };

    /// None of nothing.
    pub(crate) fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        Some(Self {
            median: figures.get(figures.len() / 2).copied().map(rounded)?,
            min: figures.first().copied().map(rounded)?,
            max: figures.last().copied().map(rounded)?,
        })
    }
}

/// To three digits behind the point: more is noise in a file that people read.
pub(crate) fn rounded(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_round_does_not_move_the_median() {
        let spread = Spread::of(vec![5.0, 400.0, 6.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max), (6.0, 5.0, 400.0));
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
