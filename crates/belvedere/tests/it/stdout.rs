//! A log that nobody reads, or that has nowhere to go, costs lines and nothing else.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{helpers::rough, kept::Kept};

const REQUESTS: usize = 10_000;
const CALLERS: usize = 4;
/// Long enough for the queue to overflow within so many requests: a path is in every line.
const PATH: usize = 900;
/// Five times what a stop may take: no drain, nothing in flight, and three seconds to flush.
const LONGEST_STOP: Duration = Duration::from_secs(20);

/// A service whose log is read up to its addresses.
struct Service {
    process: Child,
    /// `None` when it was closed.
    log: Option<BufReader<ChildStdout>>,
    http: SocketAddr,
    admin: SocketAddr,
}

impl Service {
    fn start(stderr: Stdio) -> Self {
        let mut process = Command::new(rough())
            .env("HTTP__ADDR", "127.0.0.1:0")
            .env("ADMIN__ADDR", "127.0.0.1:0")
            .env("SHUTDOWN__DRAIN_SECONDS", "0")
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stdout.take().unwrap());
        let started = loop {
            let line = next(&mut log).expect("it starts");
            if line["message"] == "application_started" {
                break line;
            }
        };
        let addr = |key: &str| started[key].as_str().unwrap().parse().unwrap();
        Self {
            http: addr("http"),
            admin: addr("admin"),
            process,
            log: Some(log),
        }
    }

    /// All of them are answered.
    fn ask_all(&self) {
        let path = format!("/things/{}", "x".repeat(PATH));
        thread::scope(|scope| {
            for _ in 0..CALLERS {
                scope.spawn(|| {
                    let mut caller = Kept::new(self.http);
                    for _ in 0..REQUESTS / CALLERS {
                        assert_eq!(caller.get(&path).unwrap().0, 200);
                    }
                });
            }
        });
    }

    /// What is lost of the log by now, by the service's own count.
    fn dropped(&self) -> u64 {
        let (_, metrics) = Kept::new(self.admin).get("/metrics").unwrap();
        let lost = metrics
            .lines()
            .filter(|line| line.starts_with("telemetry_dropped_total{"))
            .filter(|line| line.contains("signal=\"logs\""));
        lost.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum()
    }

    fn stop(&mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let began = Instant::now();
        while began.elapsed() < LONGEST_STOP {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("it runs {LONGEST_STOP:?} after it was told to stop");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It is gone already, or goes now.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The next line, `None` at the end.
fn next(log: &mut impl BufRead) -> Option<Value> {
    let mut line = String::new();
    let read = log.read_line(&mut line).unwrap();
    (read > 0).then(|| serde_json::from_str(&line).expect("a line is one JSON object"))
}

#[test]
fn a_log_that_is_not_read_loses_lines_and_counts_each_of_them() {
    let mut service = Service::start(Stdio::inherit());
    service.ask_all();
    let dropped = service.dropped();
    assert!(dropped > 0, "nothing was lost");
    // Read again, it tells how many are missing, and goes on.
    let (mut completed, mut told) = (0, 0);
    while completed as u64 + told < REQUESTS as u64 {
        let line = next(service.log.as_mut().unwrap()).expect("every line is told or counted");
        match line["message"].as_str() {
            Some("request_completed") => completed += 1,
            Some("log_events_dropped") => told += line["count"].as_u64().unwrap(),
            _ => {}
        }
    }
    assert_eq!((completed as u64 + told, told), (REQUESTS as u64, dropped));
    assert!(service.stop().success());
}

#[test]
fn a_log_that_is_closed_stops_no_request_and_no_stop() {
    for is_mute in [false, true] {
        let stderr = if is_mute {
            Stdio::piped()
        } else {
            Stdio::inherit()
        };
        let mut service = Service::start(stderr);
        drop((service.log.take(), service.process.stderr.take()));
        service.ask_all();
        // The writer thread counts what it could not write, in its own time.
        let asked = Instant::now();
        while service.dropped() < REQUESTS as u64 {
            assert!(
                asked.elapsed() < LONGEST_STOP,
                "lost: {}",
                service.dropped()
            );
            thread::sleep(Duration::from_millis(20));
        }
        service.stop();
    }
}
