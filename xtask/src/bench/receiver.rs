//! Where the compared services send their spans: in release form and on another core, so that it keeps up.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context, Result};

/// A running receiver; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Receiver {
    process: Child,
    pub(crate) endpoint: String,
}

impl Receiver {
    pub(crate) fn start(program: &Path) -> Result<Self> {
        let mut command = if thread::available_parallelism().is_ok_and(|cores| cores.get() > 1) {
            let mut elsewhere = Command::new("taskset");
            elsewhere.args(["-c", "1"]).arg(program);
            elsewhere
        } else {
            Command::new(program)
        };
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let mut first = String::new();
        let stdout = process
            .stdout
            .take()
            .context("the receiver has no stdout")?;
        BufReader::new(stdout).read_line(&mut first)?;
        let endpoint = first.trim().to_owned();
        Ok(Self { process, endpoint })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It is gone already, or goes now.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
