//! Instructions a request: the difference between a long and a short run, so that start and stop cancel out.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::peers::{Peer, Peers};

/// Requests of the short and the long run.
const RUNS: (u32, u32) = (300, 2300);

/// Figures by side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Instructions(Vec<(Peer, f64)>);

impl Instructions {
    #[cfg(test)]
    pub(crate) fn from_figures(figures: &[(Peer, f64)]) -> Self {
        Self(figures.to_vec())
    }

    /// Instructions a request of one side, if it was measured.
    pub(crate) fn of(&self, peer: Peer) -> Option<f64> {
        let mut found = self.0.iter().filter(|(known, _)| *known == peer);
        found.next().map(|(_, figure)| *figure)
    }

    /// As a multiple of bare axum; not a number when either is missing.
    pub(crate) fn ratio(&self, peer: Peer) -> f64 {
        let of = |peer| self.of(peer).unwrap_or(f64::NAN);
        of(peer) / of(Peer::Bare)
    }
}

/// All sides.
pub(crate) fn measure(peers: &Peers) -> Result<Instructions> {
    let figures = Peer::ALL.map(|peer| per_request(peers, peer).map(|figure| (peer, figure)));
    Ok(Instructions(figures.into_iter().collect::<Result<_>>()?))
}

fn per_request(peers: &Peers, peer: Peer) -> Result<f64> {
    let (short, long) = (total(peers, peer, RUNS.0)?, total(peers, peer, RUNS.1)?);
    Ok((long - short) / f64::from(RUNS.1 - RUNS.0))
}

fn total(peers: &Peers, peer: Peer, requests: u32) -> Result<f64> {
    let out = peers.scratch("callgrind.out");
    let wrapper = [
        "valgrind".to_owned(),
        "--tool=callgrind".to_owned(),
        // Threads take turns: the exporter and the log writer are not starved by the worker.
        "--fair-sched=yes".to_owned(),
        format!("--callgrind-out-file={}", out.display()),
    ];
    let started = peers.start(peer, &wrapper)?;
    peers.load(&started, requests, 1)?;
    let ended = started.running.stop()?;
    let (status, title) = (ended.status, peer.title());
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
        let both = Instructions::from_figures(&[(Peer::Bare, 10.0), (Peer::Full, 25.0)]);
        assert_eq!(both.ratio(Peer::Full), 2.5);
        assert!(both.ratio(Peer::Sampled).is_nan());
    }
}
