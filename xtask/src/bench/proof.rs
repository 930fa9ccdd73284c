//! No side is measured that does not do what it is measured for: each of its spans, lines and counts has to be there.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::load::Load;
use super::side::{Metrics, Side};
use super::start::{Bench, Started};
use crate::check::metrics::Scrape;
use crate::interrupt;
use crate::run::http::Call;

/// Enough for some spans at 1 %, and few enough that nobody drops one.
const REQUESTS: u32 = 1500;
/// Requests a second: every side keeps up.
const RATE: u32 = 300;
/// The longest that any of them holds a batch back is five seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// A last line may wait in a buffer.
const SHARE: f64 = 0.95;

/// Asks for a little, slowly, and looks at what is left behind.
pub(crate) fn prove(bench: &Bench, side: Side, started: &mut Started) -> Result<()> {
    let path = bench.work.path();
    bench.send(&Load::at_rate(path, REQUESTS, RATE).over(8), started)?;
    let title = side.title();
    if side.writes_lines() {
        let lines = lines_with(started, path)?;
        ensure!(
            lines >= wanted(1.0),
            "{title}: {lines} lines of {REQUESTS} requests"
        );
    }
    let counted = counted(bench, side, started)?;
    ensure!(
        side.metrics(bench.work) == Metrics::None || counted >= wanted(1.0),
        "{title}: its metrics tell of {counted} of {REQUESTS} requests"
    );
    let Some((arrived, wanted)) = spans(side, started)? else {
        return Ok(());
    };
    ensure!(
        arrived >= wanted,
        "{title}: {arrived} of the {wanted} spans of {REQUESTS} requests arrived"
    );
    Ok(())
}

fn wanted(ratio: f64) -> f64 {
    f64::from(REQUESTS) * ratio * SHARE
}

fn lines_with(started: &Started, path: &str) -> Result<f64> {
    let log = fs::read_to_string(&started.log)?;
    let lines = log.lines().filter(|line| line.contains(path));
    let lines = lines.filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok());
    Ok(lines.fold(0.0, |count, _| count + 1.0))
}

fn counted(bench: &Bench, side: Side, started: &Started) -> Result<f64> {
    let address = match side.metrics(bench.work) {
        Metrics::None => return Ok(0.0),
        Metrics::Public => started.http,
        Metrics::Admin => started.admin,
    };
    let scrape = Scrape::read(&Call::get("/metrics").send(address)?.text())?;
    let totals = scrape.samples().filter(|sample| {
        // Python's client counts them as `http_requests_total`, foundations with its service's name in front.
        sample.name.ends_with("requests_total") && !sample.name.starts_with("slo_")
    });
    Ok(totals.map(|sample| sample.value).sum())
}

/// How many have arrived, and how many had to; waits for them. At a ratio chance has its say, but none is too few.
fn spans(side: Side, started: &mut Started) -> Result<Option<(f64, f64)>> {
    let Some(ratio) = side.traces().filter(|_| side != Side::Hanging) else {
        return Ok(None);
    };
    let wanted = if ratio < 1.0 { 1.0 } else { wanted(ratio) };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let arrived = started.receiver.count()?;
        if arrived >= wanted || Instant::now() > deadline {
            return Ok(Some((arrived, wanted)));
        }
        interrupt::pause(Duration::from_millis(100))?;
    }
}
