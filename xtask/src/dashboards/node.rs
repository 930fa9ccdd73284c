//! What `prometheus-node-exporter` tells, as far as the dashboards ask for it; and one that runs.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::interrupt;
use crate::run::http::Call;

/// Metric and labels.
pub(super) const METRICS: [(&str, &[&str]); 10] = [
    ("node_cpu_seconds_total", &["cpu", "mode"]),
    ("node_memory_MemAvailable_bytes", &[]),
    ("node_disk_read_bytes_total", &["device"]),
    ("node_disk_written_bytes_total", &["device"]),
    ("node_disk_io_time_seconds_total", &["device"]),
    (
        "node_filesystem_avail_bytes",
        &["device", "fstype", "mountpoint"],
    ),
    (
        "node_filesystem_size_bytes",
        &["device", "fstype", "mountpoint"],
    ),
    ("node_network_receive_bytes_total", &["device"]),
    ("node_network_transmit_bytes_total", &["device"]),
    ("node_uname_info", &[]),
];
const COLLECTORS: [&str; 6] = [
    "cpu",
    "meminfo",
    "diskstats",
    "filesystem",
    "netdev",
    "uname",
];
const LIMIT: Duration = Duration::from_secs(30);

/// It ends when this is dropped.
#[derive(Debug)]
pub(super) struct NodeExporter {
    child: Child,
    pub(super) address: SocketAddr,
}

impl NodeExporter {
    pub(super) fn start() -> Result<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new("prometheus-node-exporter");
        command
            .arg(format!("--web.listen-address={address}"))
            .arg("--collector.disable-defaults")
            // Loopback, too: a test has no other traffic.
            .arg("--collector.netdev.device-exclude=^$")
            .args(COLLECTORS.map(|collector| format!("--collector.{collector}")))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command
            .spawn()
            .context("could not run prometheus-node-exporter")?;
        let running = Self { child, address };
        let deadline = Instant::now() + LIMIT;
        while Call::get("/metrics").send(address).is_err() {
            if Instant::now() > deadline {
                bail!("prometheus-node-exporter does not answer");
            }
            interrupt::pause(Duration::from_millis(50))?;
        }
        Ok(running)
    }
}

impl Drop for NodeExporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
