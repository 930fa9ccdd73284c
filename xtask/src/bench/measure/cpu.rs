//! CPU time a request, from what the kernel has booked on the process.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::bench::load::Load;
use crate::bench::start::Started;

/// Microseconds in a clock tick: `USER_HZ` is 100 on every Linux.
const TICK_MICROS: f64 = 10_000.0;

/// Microseconds of user and system time for each request of a load.
pub(crate) fn per_request(load: &Load, program: &Path, side: &Started) -> Result<f64> {
    let (spent, _) = spent(side, || load.send(program, side.http))?;
    Ok(spent / f64::from(load.requests))
}

/// Microseconds that a side had while something was done, and what came of it.
pub(crate) fn spent<T>(side: &Started, work: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
    let before = ticks(side.running.pid())?;
    let outcome = work()?;
    let spent = ticks(side.running.pid())? - before;
    Ok((spent * TICK_MICROS, outcome))
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
}
