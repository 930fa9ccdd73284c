//! A service's real binary on free ports, with the lines it logs and the spans it sends.

use std::{
    fmt,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use reqwest::{Client, Method, RequestBuilder};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::{OtlpSink, ThrowAwayPostgres};

/// Longest wait for a start, a line or a span. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(10);
/// The tenant and user that calls are made for.
const TENANT: &str = "acme";
const USER: &str = "ada";

/// The service could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The binary, a folder or a signal.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it did not work.
        #[source]
        source: std::io::Error,
    },
    /// It ended, or said nothing in time.
    #[error("the service did not start ({ending}); it said:\n{said}")]
    NotStarted {
        /// Its exit status, or that it still runs.
        ending: String,
        /// All of its output.
        said: String,
    },
    /// No trace could be received.
    #[error("no OTLP end point: {0}")]
    Otlp(String),
}

fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> ServiceError {
    let what = what.into();
    move |source| ServiceError::Io { what, source }
}

/// What to start.
#[must_use = "nothing runs before `start`"]
#[derive(Debug)]
pub struct TestServiceBuilder {
    binary: String,
    variables: Vec<(String, String)>,
    postgres: Option<ThrowAwayPostgres>,
    has_sqlite: bool,
}

impl TestServiceBuilder {
    /// One more variable, over the ones set here.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
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
            .env("HTTP__ADDR", "127.0.0.1:0")
            .env("ADMIN__ADDR", "127.0.0.1:0")
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
        let lines = Lines::follow(child.stdout.take());
        let mut process = Process(child);
        let (http, admin) = process.addresses(&lines)?;
        Ok(TestService {
            process,
            lines,
            otlp,
            http,
            admin,
            client: Client::new(),
            _folder: folder,
            _postgres: self.postgres,
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
    admin: SocketAddr,
    client: Client,
    _folder: TempDir,
    _postgres: Option<ThrowAwayPostgres>,
}

impl TestService {
    /// `binary`: usually `env!("CARGO_BIN_EXE_name")`.
    pub fn builder(binary: &str) -> TestServiceBuilder {
        // The TLS provider of the client here; somebody else's is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        TestServiceBuilder {
            binary: binary.to_owned(),
            variables: Vec::new(),
            postgres: None,
            has_sqlite: false,
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
        }
    }

    /// Calls for nobody.
    pub fn anonymous(&self) -> Caller<'_> {
        Caller {
            service: self,
            tenant: None,
        }
    }

    /// Where the public listener is.
    pub fn http(&self) -> SocketAddr {
        self.http
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

    /// Sends SIGTERM, waits for the end, and returns it with every line that was logged.
    ///
    /// # Errors
    ///
    /// The signal could not be sent.
    pub fn stop(mut self) -> Result<(ExitStatus, Vec<Value>), ServiceError> {
        let status = self.process.terminate()?;
        self.lines.wait_for_end();
        Ok((status, self.lines.all()))
    }
}

/// On whose behalf calls are made.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'s> {
    service: &'s TestService,
    tenant: Option<&'s str>,
}

impl Caller<'_> {
    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    /// Anything else.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .service
            .client
            .request(method, format!("http://{}{path}", self.service.http));
        match self.tenant {
            Some(tenant) => request
                .header("x-tenant-id", tenant)
                .header("x-user-id", USER),
            None => request,
        }
    }
}

/// What the service answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    headers: reqwest::header::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// Sends a request and reads all of its answer.
    ///
    /// # Panics
    ///
    /// There is none.
    pub async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.expect("the service answers");
        Self {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer
                .bytes()
                .await
                .expect("the answer has an end")
                .to_vec(),
        }
    }

    /// The body as JSON, `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header, empty when there is none.
    pub fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    }

    /// `x-request-id`.
    pub fn request_id(&self) -> String {
        self.header("x-request-id")
    }
}

#[derive(Debug)]
struct Process(Child);

impl Process {
    /// The addresses that `application_started` names.
    fn addresses(&mut self, lines: &Lines) -> Result<(SocketAddr, SocketAddr), ServiceError> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let started = lines
                .all()
                .into_iter()
                .find(|line| line["message"] == "application_started");
            if let Some(started) = started {
                let address = |key: &str| started[key].as_str().and_then(|text| text.parse().ok());
                return address("http")
                    .zip(address("admin"))
                    .ok_or_else(|| self.not_started(lines));
            }
            if matches!(self.0.try_wait(), Ok(Some(_))) {
                lines.wait_for_end();
                break;
            }
            thread::sleep(PAUSE);
        }
        Err(self.not_started(lines))
    }

    fn not_started(&mut self, lines: &Lines) -> ServiceError {
        let ending = match self.0.try_wait() {
            Ok(Some(status)) => status.to_string(),
            _ => "it still runs".to_owned(),
        };
        ServiceError::NotStarted {
            ending,
            said: lines.text(),
        }
    }

    fn terminate(&mut self) -> Result<ExitStatus, ServiceError> {
        let signal = kill_process(Pid::from_child(&self.0), Signal::TERM);
        signal.map_err(|errno| io("SIGTERM")(errno.into()))?;
        self.0.wait().map_err(io("wait"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Output>>);

#[derive(Default)]
struct Output {
    lines: Vec<String>,
    has_ended: bool,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lines", self.lines.len())
    }
}

impl Lines {
    fn follow(stdout: Option<ChildStdout>) -> Self {
        let lines = Self::default();
        let following = lines.clone();
        thread::spawn(move || {
            for line in stdout
                .map(BufReader::new)
                .into_iter()
                .flat_map(BufRead::lines)
                .map_while(Result::ok)
            {
                following.lock().lines.push(line);
            }
            following.lock().has_ended = true;
        });
        lines
    }

    fn all(&self) -> Vec<Value> {
        self.lock()
            .lines
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    fn text(&self) -> String {
        self.lock().lines.join("\n")
    }

    fn wait_for_end(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.lock().has_ended && Instant::now() < deadline {
            thread::sleep(PAUSE);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Output> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
