//! Calling the load generator.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::cores;
use crate::run::command;

/// Keeps one worker busy without a queue.
const CONNECTIONS: u32 = 8;

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) path: String,
    pub(crate) requests: u32,
    pub(crate) connections: u32,
    /// Requests a second; as fast as answers come without it.
    pub(crate) rate: Option<u32>,
    /// How many numbers `{}` in the path goes through.
    pub(crate) cycle: u32,
    core: &'static str,
}

/// What it took.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Report {
    pub(crate) requests: f64,
    pub(crate) seconds: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

impl Load {
    /// Beside the server, on its own core. On two of them the slower server pays for more than its own work: its client falls
    /// asleep while it waits, and each answer has to wake it across cores, which bare axum, always ahead, never has to.
    pub(crate) fn beside(path: &str, requests: u32) -> Self {
        Self {
            path: path.to_owned(),
            requests,
            connections: CONNECTIONS,
            rate: None,
            cycle: 1,
            core: cores::SERVER,
        }
    }

    /// From the other core, as fast as answers come.
    pub(crate) fn across(path: &str, requests: u32) -> Self {
        Self {
            connections: 64,
            core: cores::other(),
            ..Self::beside(path, requests)
        }
    }

    /// From the other core, so many a second.
    pub(crate) fn at_rate(path: &str, requests: u32, rate: u32) -> Self {
        Self {
            rate: Some(rate),
            ..Self::across(path, requests)
        }
    }

    pub(crate) fn over(self, connections: u32) -> Self {
        Self {
            connections,
            ..self
        }
    }

    pub(crate) fn cycling(self, cycle: u32) -> Self {
        Self { cycle, ..self }
    }

    /// Any answer but a 200 is an error.
    pub(crate) fn send(&self, program: &Path, address: SocketAddr) -> Result<Report> {
        // It must not interrupt the server in the middle of a request, which it would do to one that takes more CPU time than
        // its client, and never to bare axum: a batch task waits for its turn.
        let mut load = Command::new("chrt");
        load.args(["--batch", "0", "taskset", "-c", self.core])
            .arg(program)
            .args([&address.to_string(), &self.path])
            .args([self.requests.to_string(), self.connections.to_string()])
            .args(["--cycle", &self.cycle.to_string()])
            .args(["x-tenant-id: acme", "x-user-id: ada"]);
        if let Some(rate) = self.rate {
            load.args(["--rate", &rate.to_string()]);
        }
        let printed = command::capture(&mut load)?.stdout;
        serde_json::from_str(&printed).with_context(|| format!("the load generator said {printed}"))
    }
}
