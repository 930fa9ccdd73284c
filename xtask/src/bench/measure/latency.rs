//! How long an answer takes when requests come at a fixed rate, counted from when each was due.

use anyhow::Result;

use crate::bench::load::Load;
use crate::bench::plan::Plan;
use crate::bench::start::{Bench, Started};

/// Of the throughput that a side has to have before it is asked for a rate: above it there is a queue that only grows.
const HEADROOM: f64 = 1.1;

/// p50 and p99 of one round, in microseconds; none where the side cannot keep up.
pub(crate) fn measure(
    bench: &Bench,
    side: &Started,
    plan: Plan,
    per_second: f64,
) -> Result<Option<(f64, f64)>> {
    if per_second < f64::from(plan.rate) * HEADROOM {
        return Ok(None);
    }
    let load = Load::at_rate(bench.work.path(), plan.at_rate(), plan.rate);
    let report = bench.send(&load, side)?;
    Ok(Some((report.p50_us, report.p99_us)))
}
