//! The drilled service: one process that is started, ended and told to go on, and the journal that keeps what it prints.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::interrupt;
use crate::run::http::Call;

/// From its start until it is ready, on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Longer than the service's own limits for its end.
const STOP_LIMIT: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// What differs from one start to another.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    /// Further variables.
    pub(super) env: Vec<(&'static str, String)>,
    /// `ulimit` before it starts, as `-n 100`.
    pub(super) limit: Option<&'static str>,
}

/// Where and how it runs.
pub(super) struct Service {
    pub(super) folder: PathBuf,
    pub(super) http: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) grpc: SocketAddr,
    binary: PathBuf,
    env: Vec<(String, OsString)>,
    journal: Journal,
    running: Mutex<Option<Child>>,
}

/// What keeps its lines, as journald would.
#[derive(Clone)]
struct Journal {
    path: PathBuf,
    gone: Arc<AtomicBool>,
}

impl Service {
    /// At three addresses that stay; not started yet.
    pub(super) fn new(binary: &Path, folder: &Path, log: &Path) -> Result<Self> {
        let inherited = ["PATH", "HOME", "TMPDIR"];
        let inherited = inherited
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?)));
        let (http, admin, grpc) = (free_address()?, free_address()?, free_address()?);
        let mut env: Vec<_> = inherited.collect();
        env.push(("HTTP__ADDR".to_owned(), http.to_string().into()));
        env.push(("ADMIN__ADDR".to_owned(), admin.to_string().into()));
        env.push(("GRPC__ADDR".to_owned(), grpc.to_string().into()));
        File::create(log)?;
        Ok(Self {
            folder: folder.to_owned(),
            http,
            admin,
            grpc,
            binary: binary.to_owned(),
            env,
            journal: Journal {
                path: log.to_owned(),
                gone: Arc::default(),
            },
            running: Mutex::default(),
        })
    }

    pub(super) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// What it printed so far.
    pub(super) fn log(&self) -> &Path {
        &self.journal.path
    }

    /// From now on nobody reads what it prints: its pipe breaks.
    pub(super) fn lose_reader(&self) {
        self.journal.gone.store(true, Ordering::Relaxed);
    }

    /// Starts it and waits until it is ready.
    pub(super) fn start(&self, terms: &Terms) -> Result<()> {
        self.spawn(terms)?;
        let deadline = Instant::now() + START_LIMIT;
        while !self.is_ready() {
            if Instant::now() > deadline {
                bail!(
                    "the service is not ready after {START_LIMIT:?}; see {}",
                    self.log().display()
                );
            }
            interrupt::pause(LOOK)?;
        }
        Ok(())
    }

    /// Starts it without waiting for a word.
    pub(super) fn spawn(&self, terms: &Terms) -> Result<()> {
        let mut running = self.running();
        if running.is_some() {
            bail!("it runs already");
        }
        let limit = terms.limit.map(|limit| format!("ulimit {limit} && "));
        let script = format!("{}exec \"$0\"", limit.unwrap_or_default());
        let mut command = Command::new("sh");
        command
            .args(["-c", &script])
            .arg(&self.binary)
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .envs(terms.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Its own group: Ctrl-C in the terminal is told from here.
            .process_group(0);
        let mut child = command.spawn().context("could not start the service")?;
        self.journal.gone.store(false, Ordering::Relaxed);
        if let Some(stream) = child.stdout.take() {
            self.journal.keep(stream);
        }
        if let Some(stream) = child.stderr.take() {
            self.journal.keep(stream);
        }
        *running = Some(child);
        Ok(())
    }

    fn is_ready(&self) -> bool {
        let answer = Call::get("/health/ready").send(self.admin);
        answer.is_ok_and(|answer| answer.status == 200)
    }

    /// SIGTERM, then the end; SIGKILL when it does not come.
    pub(super) fn stop(&self) -> Result<()> {
        if self.running().is_none() {
            return Ok(());
        }
        self.signal(Signal::TERM)?;
        if !self.wait(STOP_LIMIT)? {
            self.kill()?;
        }
        Ok(())
    }

    /// SIGKILL.
    pub(super) fn kill(&self) -> Result<()> {
        let child = self.running().take();
        if let Some(mut child) = child {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Ends it, and starts it as it was meant to run.
    pub(super) fn restart(&self) -> Result<()> {
        self.restart_with(&Terms::default())
    }

    pub(super) fn restart_with(&self, terms: &Terms) -> Result<()> {
        self.stop()?;
        self.start(terms)
    }

    pub(super) fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.pid().context("the service does not run")?;
        Ok(kill_process(pid, signal)?)
    }

    pub(super) fn pid(&self) -> Option<Pid> {
        let running = self.running();
        let id = running.as_ref()?.id();
        Pid::from_raw(i32::try_from(id).ok()?)
    }

    /// Whether it ended in time.
    fn wait(&self, limit: Duration) -> Result<bool> {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            let mut running = self.running();
            let ended = running.as_mut().map(Child::try_wait).transpose()?;
            if !matches!(ended, Some(None)) {
                *running = None;
                return Ok(true);
            }
            drop(running);
            thread::sleep(LOOK);
        }
        Ok(false)
    }

    fn running(&self) -> MutexGuard<'_, Option<Child>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // A stopped one does not hear anything else.
        let _ = self.kill();
    }
}

impl Journal {
    /// Copies line by line until the stream ends, or its reader is to be gone.
    fn keep(&self, stream: impl Read + Send + 'static) {
        let journal = self.clone();
        thread::spawn(move || {
            let Ok(mut file) = OpenOptions::new().append(true).open(&journal.path) else {
                return;
            };
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if journal.gone.load(Ordering::Relaxed) || writeln!(file, "{line}").is_err() {
                    return;
                }
            }
        });
    }
}

/// One that nobody has now.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
