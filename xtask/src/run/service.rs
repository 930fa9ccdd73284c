//! A generated service as a child process that cannot outlive this one's error paths.

use std::ffi::OsString;
use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::http::loopback;
use super::output::Lines;
use crate::interrupt;

/// From `exec` to `application_started`: generous, for a busy machine or valgrind.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Longer than the service's own limits for drain and stop together.
const STOP_LIMIT: Duration = Duration::from_secs(40);

/// How a service is to be run. Nothing of the caller's environment reaches it but what a program needs to run at all.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    program: PathBuf,
    args: Vec<OsString>,
    folder: PathBuf,
    env: Vec<(String, OsString)>,
    log: Option<PathBuf>,
}

impl Launch {
    /// Runs `program` in `folder`.
    pub(crate) fn new(program: impl Into<PathBuf>, folder: &Path) -> Self {
        let inherited = ["PATH", "HOME", "TMPDIR", "LANG"];
        let inherited = inherited
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?)));
        Self {
            program: program.into(),
            args: Vec::new(),
            folder: folder.to_owned(),
            env: inherited.collect(),
            log: None,
        }
    }

    /// Standard output goes to a file, as it would under load; nothing reads it here.
    pub(crate) fn log_to(mut self, path: PathBuf) -> Self {
        self.log = Some(path);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// All listeners on free ports, no drain time.
    pub(crate) fn on_free_ports(self) -> Self {
        self.env("HTTP__ADDR", "127.0.0.1:0")
            .env("ADMIN__ADDR", "127.0.0.1:0")
            .env("GRPC__ADDR", "127.0.0.1:0")
            .env("SHUTDOWN__DRAIN_SECONDS", "0")
    }

    /// Starts it and waits for `application_started`.
    pub(crate) fn start(&self) -> Result<Service> {
        let running = self.spawn()?;
        let addresses = running.log.wait_for(START_LIMIT, addresses_of);
        match addresses {
            Some(Addresses { http, grpc, admin }) => Ok(Service {
                running,
                http,
                grpc,
                admin,
            }),
            None => {
                // What it has to say about its end may come behind the end of its log.
                running.errors.wait_for_end(Duration::from_secs(1));
                let log = running.printed();
                bail!("the service did not say `application_started`:\n{log}")
            }
        }
    }

    /// Starts it without waiting for a word.
    pub(crate) fn spawn(&self) -> Result<Running> {
        interrupt::check()?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(self.stdout()?)
            .stderr(Stdio::piped())
            // Its own group: a Ctrl-C in the terminal must reach it once, as the SIGTERM sent from here.
            .process_group(0);
        let mut child = command
            .spawn()
            .with_context(|| format!("could not start {}", self.program.display()))?;
        let log = child.stdout.take().map(Lines::follow).unwrap_or_default();
        let errors = child.stderr.take().map(Lines::follow).unwrap_or_default();
        Ok(Running { child, log, errors })
    }

    fn stdout(&self) -> Result<Stdio> {
        Ok(match &self.log {
            // Appending: whoever empties the file meanwhile leaves no hole in it.
            Some(path) => Stdio::from(File::options().create(true).append(true).open(path)?),
            None => Stdio::piped(),
        })
    }

    /// Runs it to its own end, which must come within `limit`.
    pub(crate) fn run_to_end(&self, limit: Duration) -> Result<Ended> {
        let mut running = self.spawn()?;
        let status = running.wait(limit)?;
        Ok(running.ended(status))
    }
}

/// A child; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    log: Lines,
    errors: Lines,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> &Lines {
        &self.log
    }

    /// Everything on both streams so far.
    pub(crate) fn printed(&self) -> String {
        let mut lines = self.log.all();
        lines.extend(self.errors.all());
        lines.join("\n")
    }

    /// Whether it has closed its error stream, as the end of a process does.
    pub(crate) fn has_ended(&self) -> bool {
        self.errors.has_ended()
    }

    /// SIGTERM, then the end.
    pub(crate) fn stop(mut self) -> Result<Ended> {
        self.terminate()?;
        let status = self.wait(STOP_LIMIT)?;
        Ok(self.ended(status))
    }

    fn ended(&self, status: ExitStatus) -> Ended {
        self.log.wait_for_end(Duration::from_secs(5));
        self.errors.wait_for_end(Duration::from_secs(5));
        Ended {
            status,
            log: self.log.all(),
            errors: self.errors.all(),
        }
    }

    fn terminate(&self) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.context("the child has no process id")?;
        Ok(kill_process(pid, Signal::TERM)?)
    }

    fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("the service still ran after {limit:?}:\n{}", self.printed());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let gone = matches!(self.child.try_wait(), Ok(Some(_)));
        if gone || (self.terminate().is_ok() && self.wait(Duration::from_secs(5)).is_ok()) {
            return;
        }
        // It would not go when asked; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A service that has said where it listens.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) running: Running,
    pub(crate) http: SocketAddr,
    /// Of a service that has it.
    pub(crate) grpc: Option<SocketAddr>,
    pub(crate) admin: SocketAddr,
}

/// What is left of a child.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) log: Vec<String>,
    pub(crate) errors: Vec<String>,
}

impl Ended {
    /// Every line it printed, on whichever stream, without the empty ones.
    pub(crate) fn lines(&self) -> Vec<&str> {
        let all = self.log.iter().chain(&self.errors);
        all.map(String::as_str)
            .filter(|line| !line.trim().is_empty())
            .collect()
    }
}

struct Addresses {
    http: SocketAddr,
    grpc: Option<SocketAddr>,
    admin: SocketAddr,
}

fn addresses_of(line: &str) -> Option<Addresses> {
    let event: Value = serde_json::from_str(line).ok()?;
    if event["message"] != "application_started" {
        return None;
    }
    let address = |name: &str| loopback(event[name].as_str()?).ok();
    Some(Addresses {
        http: address("http")?,
        grpc: address("grpc"),
        admin: address("admin")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Launch {
        Launch::new("sh", Path::new("/")).arg("-c").arg(script)
    }

    #[test]
    fn the_addresses_are_read_from_the_log() {
        let line =
            r#"{"message":"application_started","http":"127.0.0.1:81","admin":"127.0.0.1:82"}"#;
        let script = format!("echo noise; echo '{line}'; exec sleep 60");
        let service = shell(&script).start().unwrap();
        assert_eq!((service.http.port(), service.admin.port()), (81, 82));
        let ended = service.running.stop().unwrap();
        assert!(!ended.status.success());
        assert_eq!(ended.log.len(), 2);
    }

    #[test]
    fn a_service_that_ends_at_once_is_told_with_its_words() {
        let error = shell("echo broken >&2; exit 1").start().unwrap_err();
        assert!(error.to_string().contains("broken"), "{error}");
    }

    #[test]
    fn dropping_stops_the_child() {
        let running = shell("exec sleep 60").spawn().unwrap();
        let pid = running.pid();
        drop(running);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn the_callers_environment_stays_outside() {
        let ended = shell("env").run_to_end(Duration::from_secs(5)).unwrap();
        assert!(!ended.lines().iter().any(|line| line.starts_with("CARGO")));
    }
}
