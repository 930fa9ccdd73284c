use std::{
    env,
    io::{self, BufRead, BufReader, Read},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use belvedere_testing::{OtlpSink, report};

use super::{
    apart::{Process, callgrind, free_addr, totals},
    client::Client,
    server::ADDR,
};

/// What this program is called with to be the collector.
pub(super) const COLLECTOR: &str = "--collector";
/// What makes it a server, with the name of a side. A service takes arguments for its own.
pub(super) const SERVES: &str = "BENCH_SERVES";
/// Under valgrind, on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(120);

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// tonic alone.
    Bare,
    /// tonic with what protects it.
    Protected,
    /// A service, every signal off.
    Off,
    /// Every signal on, one trace in a hundred.
    Sampled,
    /// Every signal on, every trace.
    Full,
}

impl Side {
    pub(super) const ALL: [Self; 5] = [
        Self::Bare,
        Self::Protected,
        Self::Off,
        Self::Sampled,
        Self::Full,
    ];

    const fn settings(self) -> &'static [(&'static str, &'static str)] {
        const SAMPLER: (&str, &str) = ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
        match self {
            Self::Bare | Self::Protected => &[],
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

/// A process that takes spans; dropping it ends it.
#[derive(Debug)]
pub(super) struct Collector(Child, String);

impl Collector {
    pub(super) fn start() -> Self {
        let program = env::current_exe().expect("this program");
        let mut command = Command::new(program);
        let command = command.arg(COLLECTOR);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the collector starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line).expect("a line");
        Self(child, line.trim().to_owned())
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Until its starter is gone.
pub(super) fn collect() {
    let sink = OtlpSink::start().expect("a free port");
    report(sink.endpoint());
    let _ = io::stdin().read(&mut [0]);
}

/// A running server; dropping it ends it.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) side: Side,
    pub(super) addr: SocketAddr,
    process: Process,
}

impl Peer {
    /// By itself, or under `wrapper`.
    pub(super) fn start(side: Side, collector: &Collector, wrapper: &[String]) -> Self {
        let addr = free_addr();
        let process = Process::start(wrapper, |command| {
            command
                .env(SERVES, format!("{side:?}"))
                .env(ADDR, addr.to_string())
                .env("HTTP__ADDR", "127.0.0.1:0")
                .env("ADMIN__ADDR", "127.0.0.1:0")
                .env("SHUTDOWN__DRAIN_SECONDS", "0")
                .env("TOKIO_WORKER_THREADS", "1")
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.1)
                .env("OTEL_BSP_SCHEDULE_DELAY", "50")
                // All of them are to be paid for.
                .env("OTEL_BSP_MAX_QUEUE_SIZE", "65536")
                .envs(side.settings().iter().copied());
        });
        let peer = Self {
            side,
            addr,
            process,
        };
        peer.wait_until_it_listens();
        peer
    }

    fn wait_until_it_listens(&self) {
        let deadline = Instant::now() + START_LIMIT;
        while TcpStream::connect(self.addr).is_err() {
            assert!(Instant::now() < deadline, "{:?} does not listen", self.side);
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn cpu_micros(&mut self) -> f64 {
        self.process.cpu_micros()
    }
}

/// Everything that a server does from its start to its end, with so many calls between.
pub(super) async fn instructions(side: Side, collector: &Collector, calls: usize) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("callgrind.out");
    let peer = Peer::start(side, collector, &callgrind(&out));
    let client = Client::of(peer.addr).await;
    client.calls(calls).await;
    client.leave().await;
    drop(peer);
    totals(&out)
}
