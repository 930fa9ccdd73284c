//! CPU time a request, from what the kernel has booked on the process.

use std::fs;

use anyhow::{Context, Result};

use super::peers::{ONE_CORE, Peer, Peers, Started};
use crate::check::metrics::Scrape;
use crate::run::http::Call;

/// Rounds per side; the median of them counts.
const ROUNDS: usize = 7;
/// Requests per round: some 30 clock ticks for bare axum, so that one tick more or less is 3 %.
const REQUESTS: u32 = 50_000;
/// Enough to fill the caches, the pools and the allocator.
const WARM_UP: u32 = 10_000;
/// Keeps one worker busy without a queue.
const CONNECTIONS: u32 = 8;
/// Microseconds in a clock tick: `USER_HZ` is 100 on every Linux.
const TICK_MICROS: f64 = 10_000.0;

/// What one side took.
#[derive(Debug)]
pub(crate) struct Cost {
    pub(crate) peer: Peer,
    /// CPU time a request.
    pub(crate) micros: f64,
    /// Log lines and spans that were dropped because this load is more than can be exported.
    pub(crate) dropped: f64,
}

/// Every side, in the order of `Peer::ALL`.
pub(crate) fn measure(peers: &Peers) -> Result<Vec<Cost>> {
    let started = start_all(peers)?;
    let mut rounds = vec![Vec::new(); started.len()];
    for _ in 0..ROUNDS {
        for (side, figures) in started.iter().zip(&mut rounds) {
            figures.push(cost(peers, side)?);
        }
    }
    let sides = Peer::ALL.into_iter().zip(rounds).zip(&started);
    let costs = sides.map(|((peer, figures), side)| {
        Ok(Cost {
            peer,
            micros: median(figures),
            dropped: dropped(peer, side)?,
        })
    });
    costs.collect()
}

fn dropped(peer: Peer, side: &Started) -> Result<f64> {
    if matches!(peer, Peer::Bare | Peer::Protected | Peer::Off) {
        return Ok(0.0);
    }
    let answer = Call::get("/metrics").send(side.addresses.admin)?;
    let scrape = Scrape::read(&answer.text())?;
    let dropped = scrape.named("telemetry_dropped_total");
    // An empty sum of floats is -0.
    Ok(dropped
        .map(|sample| sample.value)
        .fold(0.0, |sum, value| sum + value))
}

fn start_all(peers: &Peers) -> Result<Vec<Started>> {
    let start = |peer: Peer| {
        let started = peers.start(peer, &ONE_CORE.map(str::to_owned))?;
        peers.load(&started, WARM_UP, CONNECTIONS)?;
        Ok(started)
    };
    Peer::ALL.into_iter().map(start).collect()
}

fn cost(peers: &Peers, side: &Started) -> Result<f64> {
    let pid = side.running.pid();
    let before = ticks(pid)?;
    peers.load(side, REQUESTS, CONNECTIONS)?;
    let spent = ticks(pid)? - before;
    Ok(spent * TICK_MICROS / f64::from(REQUESTS))
}

fn ticks(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    read_ticks(&stat).with_context(|| format!("/proc/{pid}/stat reads {stat}"))
}

/// `utime + stime`: fields 14 and 15; the name in field 2 may itself hold blanks and brackets.
fn read_ticks(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(f64::from(user) + f64::from(system))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_read_behind_an_odd_name() {
        let stat = "17 (a) b (c) S 1 17 17 0 -1 4194560 100 0 0 0 31 12 0 0 20 0 4 0 99 1 2";
        assert_eq!(read_ticks(stat), Some(43.0));
        assert_eq!(read_ticks("17 (x) S 1"), None);
    }

    #[test]
    fn this_process_has_a_stat() {
        assert!(ticks(std::process::id()).unwrap() >= 0.0);
    }

    #[test]
    fn one_wild_round_does_not_move_the_median() {
        assert_eq!(median(vec![5.0, 400.0, 6.0]), 6.0);
    }
}
