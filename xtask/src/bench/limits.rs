//! The limits of `benches/limits.toml`.

use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::measure::instructions::Instructions;
use super::side::Side;
use crate::checkout::Checkout;

/// The one file that holds them.
const FILE: &str = "limits.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    instructions_against_bare_axum: Ratios,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ratios {
    everything_off: f64,
    at_1_percent: f64,
    at_100_percent: f64,
}

pub(crate) fn read(checkout: &Checkout) -> Result<Limits> {
    let path = checkout.benches().join(FILE);
    let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("benches/{FILE}"))
}

impl Limits {
    /// An error that names the figure and the limit it broke.
    pub(crate) fn check(&self, measured: &Instructions) -> Result<()> {
        let ratios = &self.instructions_against_bare_axum;
        check_one(measured, Side::Off, ratios.everything_off)?;
        check_one(measured, Side::Sampled, ratios.at_1_percent)?;
        check_one(measured, Side::Full, ratios.at_100_percent)
    }
}

fn check_one(measured: &Instructions, side: Side, limit: f64) -> Result<()> {
    let (ratio, title) = (measured.ratio(side), side.title());
    // Written so that a figure that is not a number fails too.
    if ratio > 0.0 && ratio <= limit {
        return Ok(());
    }
    bail!(
        "{title}: a request takes {ratio:.2} times the instructions of bare axum; benches/{FILE} allows {limit:.2}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        toml::from_str(
            "[instructions_against_bare_axum]\neverything_off = 2.0\nat_1_percent = 3.0\nat_100_percent = 5.0\n",
        )
        .unwrap()
    }

    fn measured(sampled: f64, full: f64) -> Instructions {
        Instructions::from_figures(&[
            (Side::Bare, 10.0),
            (Side::Off, 20.0),
            (Side::Sampled, sampled),
            (Side::Full, full),
        ])
    }

    #[test]
    fn figures_within_the_limits_pass() {
        limits().check(&measured(30.0, 50.0)).unwrap();
    }

    #[test]
    fn a_figure_above_its_limit_is_named_with_it() {
        let fault = limits()
            .check(&measured(30.0, 51.0))
            .unwrap_err()
            .to_string();
        assert!(
            fault.contains("100 %") && fault.contains("5.10") && fault.contains("5.00"),
            "{fault}"
        );
        assert!(limits().check(&measured(31.0, 50.0)).is_err());
        assert!(limits().check(&measured(f64::NAN, 50.0)).is_err());
    }

    #[test]
    fn a_misspelt_limit_is_refused() {
        assert!(
            toml::from_str::<Limits>("[instructions_against_bare_axum]\nat_2_percent = 1.0\n")
                .is_err()
        );
    }
}
