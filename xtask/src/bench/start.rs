//! Starting a side, and waiting for its first answer.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::build::{Built, Programs};
use super::cores;
use super::load::{Load, Report};
use super::receiver::{self, Receiver};
use super::side::{Program, Side, Work};
use super::stores::Stores;
use crate::check::tour::as_ada;
use crate::interrupt;
use crate::run::http::Call;
use crate::run::service::{Launch, Running};

/// Start-up under valgrind on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);
/// How often a starting side is asked.
const ASK_EVERY: Duration = Duration::from_millis(2);

/// One kind of work, ready to be given to each side.
pub(crate) struct Bench {
    pub(crate) programs: Programs,
    pub(crate) work: Work,
    stores: Option<Stores>,
    hanging: String,
}

/// A side that answers, and where its signals go.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) running: Running,
    pub(crate) http: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) log: PathBuf,
    pub(crate) receiver: Receiver,
    /// From `exec` to the first 200.
    pub(crate) took: Duration,
}

impl Bench {
    pub(crate) fn new(programs: Programs, work: Work) -> Result<Self> {
        let stores = (work == Work::Stored).then(|| Stores::start(&programs));
        Ok(Self {
            stores: stores.transpose()?,
            hanging: receiver::hanging()?,
            programs,
            work,
        })
    }

    /// Starts one side on the server's core, by itself or under `wrapper`.
    pub(crate) fn start(&self, side: Side, wrapper: &[String]) -> Result<Started> {
        let program = side.program(self.work);
        let ratio = side.traces().unwrap_or_default().to_string();
        let ask = Ask {
            path: self.work.path(),
            answer: Some(self.work.answer()),
        };
        let prepare = |launch: Launch, endpoint: &str| {
            let endpoint = match side {
                Side::Hanging => self.hanging.as_str(),
                _ => endpoint,
            };
            let launch = launch
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
                .env("OTEL_TRACES_SAMPLER_ARG", &ratio);
            let settings = side.settings().iter();
            let launch = settings.fold(launch, |launch, (name, value)| launch.env(name, *value));
            match &self.stores {
                Some(stores) => stores.name_to(launch),
                None => launch,
            }
        };
        start(&self.programs, program, wrapper, &ask, prepare).with_context(|| side.title())
    }

    /// Sends a load of this work.
    pub(crate) fn send(&self, load: &Load, to: &Started) -> Result<Report> {
        load.send(&self.programs.load, to.http)
    }
}

/// What tells that a side has started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) path: &'static str,
    /// A field of the answer, and what it has to be.
    pub(crate) answer: Option<(&'static str, &'static str)>,
}

/// Starts a program with a receiver and a log file of its own. `prepare` is told where its spans may go.
pub(crate) fn start(
    programs: &Programs,
    program: Program,
    wrapper: &[String],
    ask: &Ask,
    prepare: impl FnOnce(Launch, &str) -> Launch,
) -> Result<Started> {
    let receiver = Receiver::start(&programs.receiver)?;
    // Chosen beforehand: with its log off a side cannot say what it took.
    let (http, admin) = (free_address()?, free_address()?);
    let log = programs.scratch(&format!("{}.log", http.port()));
    let launch = launch(programs.get(program), wrapper)
        .on_free_ports()
        .env("HTTP__ADDR", http.to_string())
        .env("ADMIN__ADDR", admin.to_string())
        .env("TOKIO_WORKER_THREADS", "1")
        .env("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
        .log_to(log.clone());
    let launch = of_its_own(launch, program, http, &log, programs);
    let launch = prepare(launch, &receiver.endpoint);
    let began = Instant::now();
    let running = launch.spawn()?;
    wait_until_answered(&running, http, ask)?;
    Ok(Started {
        took: began.elapsed(),
        running,
        http,
        admin,
        log,
        receiver,
    })
}

fn launch(built: &Built, wrapper: &[String]) -> Launch {
    let pinned = Launch::new("taskset", &built.folder)
        .arg("-c")
        .arg(cores::SERVER);
    let wrapped = wrapper.iter().fold(pinned, |launch, arg| launch.arg(arg));
    let launch = wrapped.arg(&built.program);
    built
        .args
        .iter()
        .fold(launch, |launch, arg| launch.arg(arg))
}

/// What one program alone wants to be told in its own way.
fn of_its_own(
    launch: Launch,
    program: Program,
    http: SocketAddr,
    log: &Path,
    programs: &Programs,
) -> Launch {
    match program {
        Program::Loco => launch.env("LOCO_ENV", "production"),
        Program::Foundations => launch.env("LOG_FILE", log),
        Program::FastApi => launch
            .arg("--port")
            .arg(http.port().to_string())
            // Beside the sources it would be found by git.
            .env("PYTHONPYCACHEPREFIX", programs.scratch("pycache")),
        _ => launch,
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn wait_until_answered(running: &Running, address: SocketAddr, ask: &Ask) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    let call = as_ada(Call::get(ask.path));
    while Instant::now() < deadline && !running.has_ended() {
        match call.send(address) {
            Ok(answer) if answer.status == 200 => return check(&answer.json()?, ask),
            _ => interrupt::pause(ASK_EVERY)?,
        }
    }
    bail!("no 200 for GET {}:\n{}", ask.path, running.printed())
}

fn check(answer: &serde_json::Value, ask: &Ask) -> Result<()> {
    match ask.answer {
        Some((field, wanted)) if answer[field] != wanted => {
            bail!("GET {} -> {answer}", ask.path)
        }
        _ => Ok(()),
    }
}
