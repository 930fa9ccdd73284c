//! Instructions a request: the difference between a long and a short run under callgrind, so that start and stop cancel out.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::bench::load::Load;
use crate::bench::side::Side;
use crate::bench::start::Bench;

/// Requests of the short and the long run.
const RUNS: (u32, u32) = (300, 2300);

/// Figures by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Instructions(Vec<(Side, f64)>);

impl Instructions {
    #[cfg(test)]
    pub(crate) fn from_figures(figures: &[(Side, f64)]) -> Self {
        Self(figures.to_vec())
    }

    /// Instructions a request of one side, if it was measured.
    pub(crate) fn of(&self, side: Side) -> Option<f64> {
        let mut found = self.0.iter().filter(|(known, _)| *known == side);
        found.next().map(|(_, figure)| *figure)
    }

    /// As a multiple of bare axum; not a number when either is missing.
    pub(crate) fn ratio(&self, side: Side) -> f64 {
        let of = |side| self.of(side).unwrap_or(f64::NAN);
        of(side) / of(Side::Bare)
    }
}

/// All of these sides that it can be counted for.
pub(crate) fn measure(bench: &Bench, sides: &[Side]) -> Result<Instructions> {
    let native = sides.iter().copied().filter(|side| side.is_native());
    let figures = native.map(|side| per_request(bench, side).map(|figure| (side, figure)));
    Ok(Instructions(figures.collect::<Result<_>>()?))
}

fn per_request(bench: &Bench, side: Side) -> Result<f64> {
    let (short, long) = (total(bench, side, RUNS.0)?, total(bench, side, RUNS.1)?);
    Ok(((long - short) / f64::from(RUNS.1 - RUNS.0)).round())
}

fn total(bench: &Bench, side: Side, requests: u32) -> Result<f64> {
    let out = bench.programs.scratch("callgrind.out");
    let wrapper = [
        "valgrind".to_owned(),
        "--tool=callgrind".to_owned(),
        // Threads take turns: the exporter and the log writer are not starved by the worker.
        "--fair-sched=yes".to_owned(),
        format!("--callgrind-out-file={}", out.display()),
    ];
    let started = bench.start(side, &wrapper)?;
    bench.send(&Load::beside(bench.work.path(), requests).over(1), &started)?;
    let ended = started.running.stop()?;
    let (status, title) = (ended.status, side.title());
    ensure!(
        status.success(),
        "{title} under callgrind ended with {status}: {}",
        ended.lines().join("\n")
    );
    read_total(&out)
}

fn read_total(out: &Path) -> Result<f64> {
    let text =
        fs::read_to_string(out).with_context(|| format!("callgrind wrote no {}", out.display()))?;
    find_total(&text).with_context(|| format!("{} has no total", out.display()))
}

/// The `totals:` line, or `summary:` in older ones; the first number is the instruction count.
fn find_total(text: &str) -> Option<f64> {
    let total = |key: &str| {
        let rest = text.lines().rev().find_map(|line| line.strip_prefix(key))?;
        rest.split_whitespace().next()?.parse().ok()
    };
    total("totals:").or_else(|| total("summary:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read() {
        assert_eq!(
            find_total("events: Ir\nfn=(1) main\n1 5\ntotals: 1234\n"),
            Some(1234.0)
        );
        assert_eq!(find_total("events: Ir\nsummary: 99\n1 5\n"), Some(99.0));
        assert_eq!(find_total("events: Ir\n"), None);
    }

    #[test]
    fn a_ratio_needs_both_sides() {
        let both = Instructions::from_figures(&[(Side::Bare, 10.0), (Side::Full, 25.0)]);
        assert_eq!(both.ratio(Side::Full), 2.5);
        assert!(both.ratio(Side::Sampled).is_nan());
    }
}
