//! A Prometheus for one test.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Client, Url};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The server's program.
const PROGRAM: &str = "prometheus";
/// What to do when it is missing.
const INSTALL: &str = "install Prometheus (Debian: `apt-get install prometheus`)";
/// How long a server may take until it is ready.
const START: Duration = Duration::from_secs(30);
/// Somebody else may take a port between finding it free and using it.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// A Prometheus server of its own, on a free loopback port, with its data in a temporary folder. It ends when this is dropped.
///
/// ```no_run
/// # async fn ask(service: &belvedere_testing::TestService) -> std::io::Result<()> {
/// let prometheus = belvedere_testing::Prometheus::start(&[service.admin()]).await?;
/// for found in prometheus.query("rate(http_requests_total[5m])").await? {
///     println!("{:?} {}", found.labels, found.value);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "dropping it ends the server"]
pub struct Prometheus {
    addr: SocketAddr,
    server: Server,
    client: Client,
    folder: TempDir,
}

/// The value of the first series of `text`, as `/metrics` has it, that begins with `series`.
#[must_use]
pub fn value_of(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(series))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// One series of what an expression returns.
#[derive(Debug, Clone, PartialEq)]
pub struct PromSample {
    /// Those of Prometheus's own too: `instance`, `job`.
    pub labels: BTreeMap<String, String>,
    /// Now.
    pub value: f64,
}

#[derive(Debug)]
struct Server(Child);

impl Prometheus {
    /// Scrapes `/metrics` of each of `targets` every second, until it is dropped.
    ///
    /// # Errors
    ///
    /// When the program is missing or does not become ready; the message says what to do.
    pub async fn start(targets: &[SocketAddr]) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("belvedere-prometheus-")
            .tempdir()?;
        fs::write(folder.path().join("prometheus.yml"), config(targets))?;
        let addr = free_address()?;
        let mut prometheus = Self {
            addr,
            server: Server(spawn(&folder, addr)?),
            client: Client::new(),
            folder,
        };
        prometheus.wait_until_ready().await?;
        Ok(prometheus)
    }

    /// Where it is.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What an expression (PromQL) returns now: one sample for each series.
    ///
    /// # Errors
    ///
    /// It does not answer, or refuses the expression.
    pub async fn query(&self, expression: &str) -> io::Result<Vec<PromSample>> {
        let url = format!("http://{}/api/v1/query", self.addr);
        let url = Url::parse_with_params(&url, [("query", expression)]);
        let answer = self.client.get(url.map_err(io::Error::other)?).send().await;
        let answer = answer.map_err(io::Error::other)?;
        let answer: Value = answer.json().await.map_err(io::Error::other)?;
        let series = answer["data"]["result"].as_array();
        let series = series.ok_or_else(|| io::Error::other(answer.to_string()))?;
        Ok(series.iter().map(PromSample::read).collect())
    }

    async fn wait_until_ready(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + START;
        let mut tries = 1;
        loop {
            let url = format!("http://{}/-/ready", self.addr);
            let answer = self.client.get(url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) && !self.server.has_ended() {
                return Ok(());
            }
            if Instant::now() > deadline || tries == TRIES {
                return Err(io::Error::other(format!("{PROGRAM} does not get ready")));
            }
            if self.server.has_ended() {
                tries += 1;
                self.addr = free_address()?;
                self.server = Server(spawn(&self.folder, self.addr)?);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl PromSample {
    fn read(series: &Value) -> Self {
        let labels = series["metric"].as_object().into_iter().flatten();
        let labels =
            labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.into())));
        let value = series["value"][1].as_str();
        Self {
            labels: labels.collect(),
            value: value
                .and_then(|value| value.parse().ok())
                .unwrap_or(f64::NAN),
        }
    }
}

impl Server {
    fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// JSON is YAML.
fn config(targets: &[SocketAddr]) -> String {
    let targets: Vec<_> = targets.iter().map(ToString::to_string).collect();
    json!({
        "global": { "scrape_interval": "1s", "scrape_timeout": "1s" },
        "scrape_configs": [{ "job_name": "service", "static_configs": [{ "targets": targets }] }],
    })
    .to_string()
}

fn spawn(folder: &TempDir, addr: SocketAddr) -> io::Result<Child> {
    let mut command = Command::new(PROGRAM);
    command
        .arg(format!("--web.listen-address={addr}"))
        .arg("--config.file=prometheus.yml")
        .arg("--storage.tsdb.path=data")
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().map_err(missing)
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn missing(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::NotFound {
        let message = format!("`{PROGRAM}` is missing: {INSTALL}");
        return io::Error::new(ErrorKind::NotFound, message);
    }
    error
}
