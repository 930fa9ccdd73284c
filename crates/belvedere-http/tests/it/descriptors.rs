//! A server that runs out of file descriptors: in a process of its own, whose limit harms no other test.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use axum::{Json, routing::get};
use belvedere_http::server::Limits;
use serde_json::{Value, json};

use crate::harness::{Logs, Metrics, Setup, Wire, routes};

/// Set where the limit holds.
const FEW: &str = "BELVEDERE_FEW_DESCRIPTORS";
const DESCRIPTORS: usize = 40;
/// Longest pause in which a server that spins would be seen to.
const WATCHED: Duration = Duration::from_millis(1500);
/// Linux counts CPU time in these.
const TICK: Duration = Duration::from_millis(10);

/// The server below, in a process that may have only [`DESCRIPTORS`].
struct Poor {
    process: Child,
    addr: SocketAddr,
}

impl Poor {
    fn start() -> Self {
        let limited = format!("ulimit -n {DESCRIPTORS}; exec \"$0\" \"$@\"");
        let server = "descriptors::serves_with_few_descriptors";
        let mut process = Command::new("sh")
            .args(["-c", &limited])
            .arg(env::current_exe().unwrap())
            .args([server, "--exact", "--ignored", "--nocapture"])
            .env(FEW, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let addr = lines
            .map_while(Result::ok)
            .find_map(|line| line.rsplit(' ').next()?.parse().ok());
        let addr = addr.expect("the server tells its address");
        Self { process, addr }
    }

    fn cpu_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        // The second field, a name in parentheses, may hold anything.
        let fields = stat.rsplit(')').next().unwrap().split_whitespace();
        let ticks: u32 = fields
            .skip(11)
            .take(2)
            .map(|ticks| ticks.parse::<u32>().unwrap())
            .sum();
        TICK * ticks
    }
}

impl Drop for Poor {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_server_without_descriptors_waits_for_some_and_serves_who_is_there() {
    let server = Poor::start();
    let mut early = Wire::open(server.addr).await;
    assert_eq!(early.get("/told").await.json()["failures"], 0.0);
    let mut callers = Vec::new();
    for _ in 0..DESCRIPTORS {
        callers.push(Wire::open(server.addr).await);
    }
    while early.get("/told").await.json()["failures"] == 0.0 {
        tokio::time::sleep(TICK).await;
    }

    let (began, before) = (Instant::now(), server.cpu_time());
    tokio::time::sleep(WATCHED).await;
    let told = early.get("/told").await.json();
    let (watched, used) = (began.elapsed(), server.cpu_time() - before);
    assert!(used < watched / 5, "{used:?} of {watched:?}: it spins");
    let failures = told["failures"].as_f64().unwrap();
    assert!(failures > 1.0 && failures < 100.0, "{failures} failures");
    assert_eq!(told["lines"], 1);

    // They were accepted in this order.
    callers.drain(..DESCRIPTORS / 2);
    for mut caller in callers {
        assert_eq!(caller.get("/ok").await.status, 200);
    }
    assert_eq!(early.get("/ok").await.status, 200);
}

#[tokio::test]
#[ignore = "the other test runs it, where descriptors are few"]
async fn serves_with_few_descriptors() {
    if env::var_os(FEW).is_none() {
        return;
    }
    let seen = Arc::new(OnceLock::new());
    let telling = Arc::clone(&seen);
    let told = get(|| async move { Json(telling.get().map(tell)) });
    let limits = Limits {
        max_connections: 1000,
        ..Limits::default()
    };
    let setup = Setup {
        routes: routes().route("/told", told),
        limits,
        ..Setup::default()
    };
    let service = setup.start().await;
    let _ = seen.set((service.metrics.clone(), service.logs.clone()));
    println!("listening on {}", service.addr);
    // Open for as long as the other test lives.
    let wait = || io::stdin().read_to_end(&mut Vec::new());
    let _ = tokio::task::spawn_blocking(wait).await;
}

fn tell((metrics, logs): &(Metrics, Logs)) -> Value {
    let labels = [("reason", "accept_failed")];
    let failures = metrics.sum("http_connections_rejected_total", &labels);
    json!({ "failures": failures, "lines": logs.named("accept_failed").len() })
}
