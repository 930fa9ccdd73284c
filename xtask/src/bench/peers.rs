//! The programs that are compared, built and ready to be started.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use super::receiver::Receiver;
use crate::check::tour::as_ada;
use crate::checkout::Checkout;
use crate::generate::{Around, Generation, Source};
use crate::interrupt;
use crate::run::command;
use crate::run::http::Call;
use crate::run::service::{Launch, Running};
use crate::run::step;
use crate::template_test::snippet;

/// The route that both sides answer alike.
const ROUTE: &str = "/v1/hello/ada";
/// The generated service's name: not one that a user or another check would build.
const NAME: &str = "bench-service";
/// Start-up under valgrind on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(120);

/// One side of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// axum alone.
    Bare,
    /// axum with what tower-http protects it by: panics caught, a time limit, a limit for bodies.
    Protected,
    /// Belvedere, every signal off.
    Off,
    /// Every signal on, one trace in a hundred.
    Sampled,
    /// Every signal on, every trace.
    Full,
}

impl Peer {
    pub(crate) const ALL: [Self; 5] = [
        Self::Bare,
        Self::Protected,
        Self::Off,
        Self::Sampled,
        Self::Full,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Bare => "bare axum",
            Self::Protected => "axum, protected",
            Self::Off => "belvedere, all off",
            Self::Sampled => "belvedere, traces 1 %",
            Self::Full => "belvedere, traces 100 %",
        }
    }

    fn settings(self) -> &'static [(&'static str, &'static str)] {
        const SAMPLER: (&str, &str) = ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
        match self {
            Self::Bare => &[],
            Self::Protected => &[("PROTECTED", "true")],
            Self::Off => &[
                ("PROMETHEUS__IS_ENABLED", "false"),
                ("LOG__LEVEL", "off"),
                ("OTEL_SDK_DISABLED", "true"),
            ],
            Self::Sampled => &[SAMPLER, ("OTEL_TRACES_SAMPLER_ARG", "0.01")],
            Self::Full => &[SAMPLER, ("OTEL_TRACES_SAMPLER_ARG", "1.0")],
        }
    }
}

/// Server and load share a core. On two of them the slower server pays for more than its own work: its client falls asleep
/// while it waits, and each answer has to wake it across cores, which bare axum, always ahead of its client, never has to.
pub(crate) const ONE_CORE: [&str; 3] = ["taskset", "-c", "0"];

/// Everything built.
#[derive(Debug)]
pub(crate) struct Peers {
    around: TempDir,
    bare: PathBuf,
    load: PathBuf,
    service: PathBuf,
    folder: PathBuf,
    receiver: Receiver,
}

impl Peers {
    /// Builds all sides in release form, and starts what their traces go to.
    pub(crate) fn build(checkout: &Checkout) -> Result<Self> {
        let around = tempfile::tempdir()?;
        let target = checkout.target();
        step("building bare axum, the load generator and the receiver (release)");
        build(&checkout.benches(), &target)?;
        step("generating and building the service (release)");
        let folder = generate(checkout, around.path())?;
        build(&folder, &target)?;
        let built = |name: &str| target.join("release").join(name);
        Ok(Self {
            bare: built("bare-axum"),
            load: built("load"),
            service: built(NAME),
            receiver: Receiver::start(&built("receiver"))?,
            around,
            folder,
        })
    }

    /// A scratch file of this run.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.around.path().join(name)
    }

    /// How one side is started, by itself or under `wrapper`, with its log in a file; and where it will listen.
    pub(crate) fn launch(&self, peer: Peer, wrapper: &[String]) -> Result<(Launch, Addresses)> {
        let program = match peer {
            Peer::Bare | Peer::Protected => &self.bare,
            _ => &self.service,
        };
        let addresses = Addresses {
            http: free_address()?,
            admin: free_address()?,
        };
        let launch = wrapped(program, wrapper, &self.folder)
            .on_free_ports()
            .env("HTTP__ADDR", addresses.http.to_string())
            .env("ADMIN__ADDR", addresses.admin.to_string())
            .env("TOKIO_WORKER_THREADS", "1")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &self.receiver.endpoint)
            .log_to(self.scratch(&format!("{}.log", addresses.http.port())));
        let settings = peer.settings().iter();
        let launch = settings.fold(launch, |launch, (name, value)| launch.env(name, value));
        Ok((launch, addresses))
    }

    /// Starts one side and waits for its first answer.
    pub(crate) fn start(&self, peer: Peer, wrapper: &[String]) -> Result<Started> {
        let (launch, addresses) = self.launch(peer, wrapper)?;
        let running = launch.spawn()?;
        wait_until_answered(addresses.http).with_context(|| peer.title())?;
        Ok(Started { running, addresses })
    }

    /// Sends `requests` over `connections`; the load generator fails on any wrong answer.
    pub(crate) fn load(&self, started: &Started, requests: u32, connections: u32) -> Result<()> {
        let [taskset, one_core @ ..] = ONE_CORE;
        let mut load = Command::new(taskset);
        load.args(one_core)
            .arg(&self.load)
            .args([&started.addresses.http.to_string(), ROUTE])
            .args([requests.to_string(), connections.to_string()])
            .args(["x-tenant-id: acme", "x-user-id: ada"]);
        command::capture(&mut load).map(drop)
    }
}

/// Where a side listens; chosen beforehand, because with its log off it cannot say what it took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) http: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// A side that answers.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) running: Running,
    pub(crate) addresses: Addresses,
}

fn generate(checkout: &Checkout, around: &Path) -> Result<PathBuf> {
    let generation = Generation {
        name: NAME,
        database: "sqlite",
        redis: false,
        grpc: false,
        jobs: false,
        destination: around,
        source: Source::Checkout(checkout.clone()),
        around: Around::Untouched,
    };
    let folder = generation.run()?;
    snippet::ROUTE.apply(checkout, &folder)?;
    open(&folder)?;
    Ok(folder)
}

/// For anybody: bare axum asks nobody for whom he calls either.
fn open(folder: &Path) -> Result<()> {
    let main = folder.join("src/main.rs");
    let text = fs::read_to_string(&main)?;
    let opened = text.replace(".routes(", ".open_routes(");
    ensure!(opened != text, "{} mounts no routes", main.display());
    Ok(fs::write(main, opened)?)
}

fn build(folder: &Path, target: &Path) -> Result<()> {
    let mut cargo = command::cargo(folder, target);
    cargo.args(["build", "--release", "--quiet"]);
    command::capture(&mut cargo).map(drop)
}

fn wrapped(program: &Path, wrapper: &[String], folder: &Path) -> Launch {
    match wrapper.split_first() {
        None => Launch::new(program, folder),
        Some((outer, args)) => args
            .iter()
            .fold(Launch::new(outer, folder), |launch, arg| launch.arg(arg))
            .arg(program),
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn wait_until_answered(address: SocketAddr) -> Result<()> {
    let deadline = Instant::now() + START_LIMIT;
    while TcpStream::connect(address).is_err() {
        if Instant::now() > deadline {
            bail!("nothing listened on {address} in {START_LIMIT:?}");
        }
        interrupt::pause(Duration::from_millis(20))?;
    }
    let answer = as_ada(Call::get(ROUTE)).send(address)?;
    let body = answer.json()?;
    ensure!(
        body["hello"] == "ada",
        "GET {ROUTE} -> {} {body}",
        answer.status
    );
    Ok(())
}
