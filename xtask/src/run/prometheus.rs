//! A Prometheus that runs for a check, on a free port, with a configuration of the caller's.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use super::http::Call;
use super::output::Lines;
use crate::interrupt;

/// From its start to its first answer, on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Somebody else may take a port between finding it free and using it.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// It ends when this is dropped, and its data with it.
#[derive(Debug)]
pub(crate) struct Prometheus {
    child: Child,
    errors: Lines,
    address: SocketAddr,
    _folder: TempDir,
}

impl Prometheus {
    /// With `folder`'s `prometheus.yml` and what that names beside it.
    pub(crate) fn start(folder: TempDir, flags: &[String]) -> Result<Self> {
        let (mut child, mut errors, mut address) = spawn(&folder, flags)?;
        let deadline = Instant::now() + START_LIMIT;
        let mut tries = 1;
        while Call::get("/-/ready")
            .send(address)
            .map_or(0, |answer| answer.status)
            != 200
        {
            if child.try_wait()?.is_some() {
                if tries == TRIES {
                    bail!("Prometheus does not start:\n{}", errors.all().join("\n"));
                }
                tries += 1;
                (child, errors, address) = spawn(&folder, flags)?;
            }
            if Instant::now() > deadline {
                let _ = child.kill();
                bail!(
                    "Prometheus does not get ready:\n{}",
                    errors.all().join("\n")
                );
            }
            interrupt::pause(PAUSE)?;
        }
        Ok(Self {
            child,
            errors,
            address,
            _folder: folder,
        })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its interface answers as `data`; its own words when it refuses.
    pub(crate) fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value> {
        let pairs = parameters.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        let answer =
            Call::get(&format!("/api/v1/{path}?{}", pairs.join("&"))).send(self.address)?;
        let answer = answer
            .json()
            .with_context(|| self.errors.all().join("\n"))?;
        match answer["status"].as_str() {
            Some("success") => Ok(answer["data"].clone()),
            _ => bail!("{}", answer["error"].as_str().unwrap_or("no answer")),
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &TempDir, flags: &[String]) -> Result<(Child, Lines, SocketAddr)> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let mut command = Command::new("prometheus");
    command
        .arg("--config.file=prometheus.yml")
        .arg("--storage.tsdb.path=data")
        .arg(format!("--web.listen-address={address}"))
        .args(flags)
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("could not run prometheus")?;
    let errors = child.stderr.take().map(Lines::follow).unwrap_or_default();
    Ok((child, errors, address))
}

fn escaped(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    });
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_survives_its_way_through_a_url() {
        assert_eq!(
            escaped("a{b=~\"c|d\"}[5m]"),
            "a%7Bb%3D~%22c%7Cd%22%7D%5B5m%5D".replace('~', "%7E")
        );
    }

    #[test]
    fn it_answers_and_says_what_it_does_not_understand() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("prometheus.yml"), "global: {}\n").unwrap();
        let prometheus = Prometheus::start(folder, &[]).unwrap();
        let answer = prometheus.ask("query", &[("query", "1 + 1")]).unwrap();
        assert_eq!(answer["result"][1], "2");
        let refused = prometheus.ask("query", &[("query", "sum(")]).unwrap_err();
        assert!(refused.to_string().contains("parse error"), "{refused}");
    }

    #[test]
    fn a_configuration_that_it_does_not_take_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("prometheus.yml"), "globe: {}\n").unwrap();
        let fault = Prometheus::start(folder, &[]).unwrap_err().to_string();
        assert!(fault.contains("globe"), "{fault}");
    }
}
