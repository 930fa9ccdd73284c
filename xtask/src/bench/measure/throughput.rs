//! Requests a second, as fast as the answers come, with the load on the other core.

use anyhow::Result;

use super::cpu;
use crate::bench::load::Load;
use crate::bench::start::{Bench, Started};

/// One round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Throughput {
    pub(crate) per_second: f64,
    /// The share of its core that the server used: well below one, it was the load that could do no more.
    pub(crate) busy: f64,
}

pub(crate) fn measure(bench: &Bench, side: &Started, requests: u32) -> Result<Throughput> {
    let load = Load::across(bench.work.path(), requests);
    let (spent, report) = cpu::spent(side, || bench.send(&load, side))?;
    Ok(Throughput {
        per_second: report.requests / report.seconds,
        busy: spent / 1_000_000.0 / report.seconds,
    })
}
