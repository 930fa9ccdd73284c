//! What callers may take of a service, and what each of its answers carries: over sockets, of a process of its own.

mod answers;
mod memory;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use belvedere_testing::TestService;
use serde_json::Value;

/// Far more than any of these requests takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends all of `request` that is taken, and reads what is answered until the service closes.
fn exchange(addr: SocketAddr, request: &[u8]) -> String {
    let mut stream = open(addr);
    // Who is refused is not listened to.
    let _ = stream.write_all(request);
    answer(stream)
}

fn open(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset ends it as well as an end.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> u16 {
    let status = answer.split(' ').nth(1).unwrap_or_default();
    status.parse().unwrap_or_default()
}

/// The records of all requests but probes, waited for.
async fn records(service: &TestService, requests: usize) -> Vec<Value> {
    let is_record = |line: &Value| line["message"] == "request_completed";
    loop {
        let mut lines = service.lines();
        lines.retain(is_record);
        if lines.len() >= requests {
            return lines;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How many requests the service says are running.
async fn active(service: &TestService) -> f64 {
    let metrics = service.metrics().await;
    let lines = metrics.lines();
    lines
        .filter(|line| line.starts_with("http_requests_active{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}
