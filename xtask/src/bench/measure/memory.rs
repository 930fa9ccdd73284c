//! Memory that a process really holds.

use std::fs;

use anyhow::{Context, Result};

/// Resident, in MiB.
pub(crate) fn resident(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    read_resident(&status).context("/proc has no VmRSS")
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
