//! A collector that runs, as the stack's configuration has its own: rotel, which reads no such file, is told what stands in it.

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::collector::COLLECTOR;
use super::files::{Files, texts};
use crate::drill::free_address;
use crate::interrupt;
use crate::tools;

const LIMIT: Duration = Duration::from_secs(30);

/// It ends when this is dropped.
pub(super) struct Rotel {
    child: Child,
    /// Where it takes OTLP over gRPC and over HTTP.
    pub(super) grpc: SocketAddr,
    pub(super) http: SocketAddr,
    _folder: TempDir,
}

impl Rotel {
    /// `place` says where somebody stands in for a host of the stack.
    pub(super) fn start(files: &Files, place: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let config = files.yaml(COLLECTOR)?;
        let folder = tempfile::tempdir()?;
        let (grpc, http) = (free_address()?, free_address()?);
        let mut command = Command::new(tools::wheel("rotel")?);
        command
            .args(["start", "--batch-timeout", "200ms"])
            .args(["--otlp-grpc-endpoint", &grpc.to_string()])
            .args(["--otlp-http-endpoint", &http.to_string()])
            .env("ROTEL_PID_FILE", folder.path().join("pid"))
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut all = Vec::new();
        for signal in ["traces", "logs"] {
            let exporters = texts(&config["service"]["pipelines"][signal]["exporters"]);
            let exporters: Vec<_> = exporters.map(Exporter::of).collect::<Result<_>>()?;
            for exporter in &exporters {
                let endpoint = config["exporters"][exporter.whole]["endpoint"].as_str();
                let endpoint = endpoint.and_then(&place);
                let endpoint =
                    endpoint.with_context(|| format!("{} leads to nobody here", exporter.whole))?;
                command.env(exporter.variable("ENDPOINT"), endpoint);
                command.env(exporter.variable("PROTOCOL"), exporter.protocol);
                all.push(format!("{}:otlp", exporter.name));
            }
            let names: Vec<_> = exporters.iter().map(|exporter| exporter.name).collect();
            let variable = format!("ROTEL_EXPORTERS_{}", signal.to_uppercase());
            command.env(variable, names.join(","));
        }
        all.sort();
        all.dedup();
        command.env("ROTEL_EXPORTERS", all.join(","));
        let running = Self {
            child: command.spawn().context("could not run rotel")?,
            grpc,
            http,
            _folder: folder,
        };
        running.wait()?;
        Ok(running)
    }

    fn wait(&self) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        for address in [self.grpc, self.http] {
            while TcpStream::connect(address).is_err() {
                if Instant::now() > deadline {
                    bail!("rotel does not listen on {address}");
                }
                interrupt::pause(Duration::from_millis(20))?;
            }
        }
        Ok(())
    }
}

impl Drop for Rotel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `otlp/jaeger`: gRPC to what is called jaeger.
struct Exporter<'c> {
    whole: &'c str,
    name: &'c str,
    protocol: &'static str,
}

impl<'c> Exporter<'c> {
    fn of(whole: &'c str) -> Result<Self> {
        let (kind, name) = whole
            .split_once('/')
            .with_context(|| format!("the exporter {whole} has no name"))?;
        let protocol = match kind {
            "otlp" => "grpc",
            "otlphttp" => "http",
            other => bail!("{other} is no exporter that rotel has"),
        };
        Ok(Self {
            whole,
            name,
            protocol,
        })
    }

    fn variable(&self, what: &str) -> String {
        format!("ROTEL_EXPORTER_{}_{what}", self.name.to_uppercase())
    }
}
