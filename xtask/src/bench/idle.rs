//! What the service takes before its first request: time to be ready, and memory at rest.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::peers::{Peer, Peers};
use crate::interrupt;
use crate::run::http::Call;

/// By then every start-up allocation has been made, and what is spare given back.
const REST: Duration = Duration::from_secs(2);
/// A start that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(10);

/// Figures of one start.
#[derive(Debug)]
pub(crate) struct Idle {
    /// From `exec` to a 200 of `/health/ready`.
    pub(crate) ready: Duration,
    /// Resident memory, in MiB.
    pub(crate) resident: f64,
}

/// With every signal on, and a database file that was there before.
pub(crate) fn measure(peers: &Peers) -> Result<Idle> {
    peers.start(Peer::Full, &[])?.running.stop()?;
    let (launch, addresses) = peers.launch(Peer::Full, &[])?;
    let began = Instant::now();
    let running = launch.spawn()?;
    while !is_ready(addresses.http) {
        if began.elapsed() > LIMIT {
            bail!("not ready after {LIMIT:?}");
        }
        interrupt::pause(Duration::from_millis(2))?;
    }
    let ready = began.elapsed();
    interrupt::pause(REST)?;
    let status = fs::read_to_string(format!("/proc/{}/status", running.pid()))?;
    let resident = read_resident(&status).context("/proc has no VmRSS")?;
    Ok(Idle { ready, resident })
}

fn is_ready(address: std::net::SocketAddr) -> bool {
    let answer = Call::get("/health/ready").send(address);
    answer.is_ok_and(|answer| answer.status == 200)
}

fn read_resident(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::read_resident;

    #[test]
    fn resident_memory_is_read_in_mib() {
        let status = "Name:\tx\nVmHWM:\t    9216 kB\nVmRSS:\t    4096 kB\n";
        assert_eq!(read_resident(status), Some(4.0));
        assert_eq!(read_resident("Name:\tx\n"), None);
    }
}
