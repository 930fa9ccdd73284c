//! A service's real binary on free ports, with the lines it logs and the spans it sends.

mod caller;
mod error;
mod lines;
mod process;

use std::{
    net::SocketAddr,
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;

use crate::{OtlpSink, ThrowAwayPostgres, ThrowAwayRedis, TokenIssuer};

pub use caller::{Answer, Caller};
pub use error::ServiceError;
use error::io;
use lines::Lines;
use process::{Addresses, Process};

/// Longest wait for a start, a line or a span. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(10);
/// Lines that a failed test shows.
const SHOWN: usize = 50;
/// The tenant that calls are made for.
const TENANT: &str = "acme";

/// What to start.
#[must_use = "nothing runs before `start`"]
#[derive(Debug)]
pub struct TestServiceBuilder {
    binary: String,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    postgres: Option<ThrowAwayPostgres>,
    redis: Option<ThrowAwayRedis>,
    has_sqlite: bool,
    lines_kept: usize,
}

impl TestServiceBuilder {
    /// One more variable, over the ones set here.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// One more argument: a command such as `worker`, which has no public listener.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// A database file of its own.
    pub fn sqlite(mut self) -> Self {
        self.has_sqlite = true;
        self
    }

    /// A database that ends with the service.
    pub fn postgres(mut self, database: ThrowAwayPostgres) -> Self {
        let url = database.url().to_owned();
        self.postgres = Some(database);
        self.variable("DATABASE_URL", &url)
    }

    /// A Redis that ends with the service.
    pub fn redis(mut self, redis: ThrowAwayRedis) -> Self {
        let url = redis.url();
        self.redis = Some(redis);
        self.variable("REDIS_URL", &url)
    }

    /// Callers are those to whom this issuer has given a token.
    pub fn tokens(self, issuer: &TokenIssuer) -> Self {
        let variables = issuer.variables().into_iter();
        variables.fold(self, |builder, (name, value)| {
            builder.variable(name, &value)
        })
    }

    /// Keeps only the newest lines: for tests that make more of them than memory is for. Default: all.
    pub fn keep_lines(mut self, lines: usize) -> Self {
        self.lines_kept = lines;
        self
    }

    /// Starts it and waits until it serves.
    ///
    /// # Errors
    ///
    /// It did not start; what it said is in the error.
    pub fn start(self) -> Result<TestService, ServiceError> {
        let folder = TempDir::new().map_err(io("a temporary folder"))?;
        let otlp = OtlpSink::start().map_err(|error| ServiceError::Otlp(error.to_string()))?;
        let mut command = Command::new(&self.binary);
        command
            .args(&self.arguments)
            .env("HTTP__ADDR", "127.0.0.1:0")
            .env("ADMIN__ADDR", "127.0.0.1:0")
            .env("GRPC__ADDR", "127.0.0.1:0")
            .env("SHUTDOWN__DRAIN_SECONDS", "0")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", otlp.endpoint())
            .env("OTEL_BSP_SCHEDULE_DELAY", "50")
            .stdout(Stdio::piped());
        if self.has_sqlite {
            command.env(
                "DATABASE_URL",
                format!("sqlite://{}", folder.path().join("test.db").display()),
            );
        }
        command.envs(self.variables);
        let mut child = command.spawn().map_err(io(self.binary))?;
        let lines = Lines::follow(child.stdout.take(), self.lines_kept);
        let mut process = Process(child);
        let Addresses { http, grpc, admin } = process.addresses(&lines)?;
        Ok(TestService {
            process,
            lines,
            otlp,
            http,
            grpc,
            admin,
            client: Client::new(),
            _folder: folder,
            _postgres: self.postgres,
            _redis: self.redis,
        })
    }
}

/// A running service. It ends when this is dropped.
#[derive(Debug)]
pub struct TestService {
    process: Process,
    lines: Lines,
    otlp: OtlpSink,
    http: SocketAddr,
    grpc: SocketAddr,
    admin: SocketAddr,
    client: Client,
    _folder: TempDir,
    _postgres: Option<ThrowAwayPostgres>,
    _redis: Option<ThrowAwayRedis>,
}

impl TestService {
    /// `binary`: usually `env!("CARGO_BIN_EXE_name")`.
    pub fn builder(binary: &str) -> TestServiceBuilder {
        // The TLS provider of the client here; somebody else's is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        TestServiceBuilder {
            binary: binary.to_owned(),
            arguments: Vec::new(),
            variables: Vec::new(),
            postgres: None,
            redis: None,
            has_sqlite: false,
            lines_kept: usize::MAX,
        }
    }

    /// `GET`, as user `ada` of tenant `acme`.
    pub async fn get(&self, path: &str) -> Answer {
        self.tenant(TENANT).get(path).await
    }

    /// `POST` with a JSON body, as user `ada` of tenant `acme`.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.tenant(TENANT).post(path, body).await
    }

    /// Calls for another tenant.
    pub fn tenant<'s>(&'s self, tenant: &'s str) -> Caller<'s> {
        Caller {
            service: self,
            tenant: Some(tenant),
            token: None,
        }
    }

    /// Calls for nobody.
    pub fn anonymous(&self) -> Caller<'_> {
        Caller {
            service: self,
            tenant: None,
            token: None,
        }
    }

    /// Calls for whom a token is about.
    pub fn bearer<'s>(&'s self, token: &'s str) -> Caller<'s> {
        Caller {
            token: Some(token),
            ..self.anonymous()
        }
    }

    /// Where the public listener is; `0.0.0.0:0` for a process that has none.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// Where gRPC is served; `0.0.0.0:0` where it is not.
    pub fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// Where the admin listener is.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// What Prometheus would read.
    ///
    /// # Panics
    ///
    /// The admin listener does not answer.
    pub async fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.admin);
        let answer = self
            .client
            .get(url)
            .send()
            .await
            .expect("the admin listener answers");
        answer.text().await.expect("metrics are text")
    }

    /// Asks `promtool check metrics` about what it serves now: see [`lint_metrics`](crate::lint_metrics).
    ///
    /// # Panics
    ///
    /// A name, a label or a help text is not as Prometheus wants it; or `promtool` is missing where `CI` is set.
    pub async fn lint_metrics(&self) {
        let found = crate::lint_metrics(&self.metrics().await).expect("promtool runs");
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    /// Every line so far.
    pub fn lines(&self) -> Vec<Value> {
        self.lines.all()
    }

    /// The first line that `wanted` likes, waited for.
    ///
    /// # Panics
    ///
    /// It does not come.
    pub async fn line(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = wait_for(|| self.lines.all().into_iter().find(|line| wanted(line))).await;
        found.unwrap_or_else(|| panic!("the line did not come; there are:\n{}", self.lines.text()))
    }

    /// The `request_completed` line of a request.
    pub async fn completed(&self, request_id: &str) -> Value {
        self.line(|line| line["message"] == "request_completed" && line["request_id"] == request_id)
            .await
    }

    /// The tree of a trace, once its server span has come.
    ///
    /// # Panics
    ///
    /// It does not come.
    pub async fn trace(&self, trace_id: &str) -> String {
        let root = |span: &crate::ReceivedSpan| span.trace_id == trace_id && span.kind == "server";
        let found = wait_for(|| {
            self.otlp
                .spans()
                .iter()
                .any(root)
                .then(|| self.otlp.tree(trace_id))
        })
        .await;
        found.unwrap_or_else(|| panic!("the trace {trace_id} did not come"))
    }

    /// The end point that its spans go to.
    pub fn otlp(&self) -> &OtlpSink {
        &self.otlp
    }

    /// Waits until `/metrics` has a line like this.
    ///
    /// # Panics
    ///
    /// It does not come.
    pub async fn metric(&self, line: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.metrics().await.contains(line) {
            assert!(Instant::now() < deadline, "{line} is not in /metrics");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Its resident memory.
    ///
    /// # Errors
    ///
    /// The kernel does not tell, or the process has ended.
    pub fn resident_bytes(&self) -> Result<u64, ServiceError> {
        self.process.resident_bytes()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Ends it as a crash would: SIGKILL.
    ///
    /// # Errors
    ///
    /// The signal could not be sent.
    pub fn kill(mut self) -> Result<(), ServiceError> {
        self.process.0.kill().map_err(io("SIGKILL"))?;
        self.process.0.wait().map_err(io("the process"))?;
        Ok(())
    }

    /// Sends SIGTERM.
    ///
    /// # Errors
    ///
    /// The signal could not be sent.
    pub fn terminate(&self) -> Result<(), ServiceError> {
        self.process.terminate()
    }

    /// Sends SIGTERM, waits for the end, and returns it with every line that was logged.
    ///
    /// # Errors
    ///
    /// The signal could not be sent.
    pub fn stop(self) -> Result<(ExitStatus, Vec<Value>), ServiceError> {
        self.process.terminate()?;
        self.ended()
    }

    /// Waits for the end, and returns it with every line that was logged.
    ///
    /// # Errors
    ///
    /// The process cannot be waited for.
    pub fn ended(mut self) -> Result<(ExitStatus, Vec<Value>), ServiceError> {
        let status = self.process.wait()?;
        self.lines.wait_for_end();
        Ok((status, self.lines.all()))
    }
}

/// A test that fails with a service says what the service said: the newest lines.
impl Drop for TestService {
    fn drop(&mut self) {
        if thread::panicking() {
            let said = self.lines.last(SHOWN);
            crate::report(format_args!("the service said last:\n{said}"));
        }
    }
}

async fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look() {
            None if Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
            found => return found,
        }
    }
}
