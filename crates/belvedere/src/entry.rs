use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use belvedere_core::{
    About,
    config::{Environment, Knob, reference},
    critical,
    names::event,
};
use belvedere_telemetry::{Telemetry, TelemetryError};
use serde::{Serialize, de::DeserializeOwned};
use tokio::runtime::{Builder, Runtime};

use crate::{
    Boot, BootError, Config, Stopped,
    command::Command,
    errors::{Errors, beside},
};

/// `EX_USAGE` of `sysexits.h`.
const USAGE: u8 = 64;
/// `EX_CONFIG` of `sysexits.h`.
const CONFIG: u8 = 78;
/// What spans and errors have together to leave the process; the log has the rest of the 3 s.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(2_500);

/// Runs a service from its first line to its exit code.
///
/// Reads the configuration, starts telemetry, calls `compose`, and flushes every signal at the end. Exit codes: 0 stopped as
/// asked; 1 did not start, or left something behind; 64 unknown command; 78 bad configuration.
pub fn main<App, F, W>(about: About, compose: F) -> ExitCode
where
    App: Knob + Default + Serialize + DeserializeOwned,
    F: FnOnce(Boot<App>) -> W,
    W: Future<Output = Result<Stopped, BootError>>,
{
    match start(about, compose) {
        Ok(code) => code,
        Err(Refusal { code, message }) => {
            tell(io::stderr(), &format!("{}: {message}", about.name));
            code.into()
        }
    }
}

/// The end before there was a log to tell it in.
struct Refusal {
    code: u8,
    message: String,
}

fn start<App, F, W>(about: About, compose: F) -> Result<ExitCode, Refusal>
where
    App: Knob + Default + Serialize + DeserializeOwned,
    F: FnOnce(Boot<App>) -> W,
    W: Future<Output = Result<Stopped, BootError>>,
{
    let refuse = |code| move |message: String| Refusal { code, message };
    let command = Command::from_process().map_err(refuse(USAGE))?;
    if command == Command::ConfigDefault {
        tell(io::stdout(), reference::<Config<App>>().trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let environment =
        Environment::from_process().map_err(|error| refuse(CONFIG)(error.to_string()))?;
    let config =
        Config::<App>::read(&environment).map_err(|error| refuse(CONFIG)(error.to_string()))?;
    if command == Command::Config {
        tell(io::stdout(), &format!("{:#}", config.redacted()));
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = runtime().map_err(|error| refuse(1)(format!("no runtime: {error}")))?;
    let code = serve(about, &environment, config, command, &runtime, compose);
    // Its drop would wait for a handler that blocks its thread.
    runtime.shutdown_background();
    code
}

fn serve<App, F, W>(
    about: About,
    environment: &Environment,
    config: Config<App>,
    command: Command,
    runtime: &Runtime,
    compose: F,
) -> Result<ExitCode, Refusal>
where
    F: FnOnce(Boot<App>) -> W,
    W: Future<Output = Result<Stopped, BootError>>,
{
    use_ring();
    let _context = runtime.enter();
    let (telemetry, errors) = start_telemetry(about, environment.name(), &config)?;
    tracing::info!(message = event::STARTING, pid = std::process::id());
    telemetry.announce();
    let boot = Boot::new(
        about,
        environment.name(),
        config,
        command,
        Arc::clone(&telemetry),
        Arc::clone(&errors),
    );
    let ended = runtime.block_on(compose(boot));
    Ok(last_words(&telemetry, &errors, ended))
}

fn start_telemetry<App>(
    about: About,
    environment: &str,
    config: &Config<App>,
) -> Result<(Arc<Telemetry>, Arc<Errors>), Refusal> {
    let service = config.telemetry.service.name.as_deref();
    let service = service.unwrap_or(about.name);
    let redactor = config.redactor();
    let errors = Errors::start(about, service, environment, &config.sentry, &redactor);
    let errors = errors.map_err(|error| refusal(CONFIG, &error))?;
    let beside = beside(&errors);
    let telemetry = Telemetry::start_beside(about, environment, &config.telemetry, beside);
    let telemetry = telemetry.map_err(|error| match error {
        TelemetryError::Config(_) => refusal(CONFIG, &error),
        _ => refusal(1, &error),
    })?;
    Ok((Arc::new(telemetry), Arc::new(errors)))
}

fn refusal(code: u8, error: &dyn std::error::Error) -> Refusal {
    let message = error.to_string();
    Refusal { code, message }
}

/// Tells how it ended, sends what is waiting, and turns it into an exit code.
fn last_words(
    telemetry: &Telemetry,
    errors: &Errors,
    ended: Result<Stopped, BootError>,
) -> ExitCode {
    let code = match &ended {
        Ok(stopped) if stopped.is_whole() => 0,
        Err(BootError::Finished) => 0,
        Ok(_) => 1,
        Err(error) => {
            tell_failure(error);
            if error.is_setting() { CONFIG } else { 1 }
        }
    };
    let deadline = Instant::now() + FLUSH_TIMEOUT;
    let traces_flushed = telemetry.flush_traces();
    // Last, since what came before may have failed; they were on their way meanwhile.
    let told = errors.flush(deadline);
    let stopped = ended.ok();
    let abandoned = stopped.map_or(0, |stopped| stopped.abandoned);
    let abandoned_jobs = stopped.map_or(0, |stopped| stopped.abandoned_jobs);
    tracing::info!(
        message = event::STOPPED,
        exit_code = code,
        abandoned_connections = abandoned,
        abandoned_jobs,
        traces_flushed = traces_flushed && told.transactions,
        errors_flushed = told.errors
    );
    telemetry.flush_log();
    code.into()
}

fn tell_failure(error: &BootError) {
    let message = match error {
        BootError::Database(_) => event::DATABASE_FAILED,
        BootError::Redis(_) => event::REDIS_FAILED,
        _ => event::NOT_STARTED,
    };
    let error: &(dyn std::error::Error + 'static) = error;
    critical!(error, "{message}");
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

/// The one TLS provider. Whoever installed one before us has chosen already.
fn use_ring() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// For what is said before there is a log. A reader that is gone cannot be told anything.
fn tell(mut to: impl Write, message: &str) {
    let _ = writeln!(to, "{message}");
}
