//! `load ADDRESS PATH REQUESTS CONNECTIONS ['NAME: VALUE'...]`: sends so many GETs with these headers over so many kept
//! connections, each waiting for its answer before the next, and prints one JSON line. Loopback only.

mod client;

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::client::Client;

/// More than any run here needs; a forgotten digit must not run for hours.
const MAX_REQUESTS: usize = 10_000_000;
/// A run that takes longer is stuck.
const TIME_LIMIT: Duration = Duration::from_secs(300);

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Debug)]
struct Plan {
    address: SocketAddr,
    path: String,
    headers: Vec<String>,
    requests: usize,
    connections: usize,
}

impl Plan {
    fn parse(args: &[String]) -> Result<Self, Failure> {
        let [address, path, requests, connections, headers @ ..] = args else {
            return Err("usage: load ADDRESS PATH REQUESTS CONNECTIONS ['NAME: VALUE'...]".into());
        };
        let plan = Self {
            address: address.parse()?,
            path: path.clone(),
            headers: headers.to_vec(),
            requests: requests.parse()?,
            connections: connections.parse()?,
        };
        plan.check().map(|()| plan)
    }

    fn check(&self) -> Result<(), Failure> {
        if !self.address.ip().is_loopback() {
            return Err(format!("{} is not a loopback address", self.address).into());
        }
        if self.requests > MAX_REQUESTS || !(1..=1000).contains(&self.connections) {
            return Err(
                format!("at most {MAX_REQUESTS} requests over 1 to 1000 connections").into(),
            );
        }
        Ok(())
    }

    fn request(&self) -> Vec<u8> {
        let Self { address, path, .. } = self;
        let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: */*\r\n");
        let headers = self.headers.iter().map(|header| format!("{header}\r\n"));
        (head + &headers.collect::<String>() + "\r\n").into_bytes()
    }

    /// How many requests each connection sends: even, the rest on the first ones.
    fn shares(&self) -> impl Iterator<Item = usize> {
        let (each, rest) = (
            self.requests / self.connections,
            self.requests % self.connections,
        );
        (0..self.connections).map(move |index| each + usize::from(index < rest))
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match Plan::parse(&args).and_then(|plan| run(&plan)) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// On one thread: the other core belongs to the server.
fn run(plan: &Plan) -> Result<String, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let began = Instant::now();
    let mut latencies = runtime.block_on(async { timeout(TIME_LIMIT, drive(plan)).await })??;
    let seconds = began.elapsed().as_secs_f64();
    latencies.sort_unstable();
    Ok(report(&latencies, seconds))
}

async fn drive(plan: &Plan) -> Result<Vec<Duration>, Failure> {
    let mut connections = JoinSet::new();
    for share in plan.shares() {
        let client = Client::connect(plan.address, plan.request()).await?;
        connections.spawn(client.send(share));
    }
    let mut latencies = Vec::with_capacity(plan.requests);
    while let Some(done) = connections.join_next().await {
        latencies.extend(done??);
    }
    Ok(latencies)
}

fn report(latencies: &[Duration], seconds: f64) -> String {
    let requests = latencies.len();
    let micros = |permille: usize| {
        let at = (requests * permille / 1000).min(requests.saturating_sub(1));
        latencies.get(at).map_or(0, Duration::as_micros)
    };
    format!(
        "{{\"requests\":{requests},\"seconds\":{seconds:.3},\"p50_us\":{},\"p99_us\":{}}}",
        micros(500),
        micros(990)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<Plan, Failure> {
        let args: Vec<String> = text.split(' ').map(str::to_owned).collect();
        Plan::parse(&args)
    }

    #[test]
    fn only_a_bounded_run_on_loopback_is_accepted() {
        assert!(plan("127.0.0.1:80 / 10 2").is_ok());
        assert!(plan("192.0.2.1:80 / 10 2").is_err());
        assert!(plan("127.0.0.1:80 / 10 0").is_err());
        assert!(plan("127.0.0.1:80 / 99999999999 2").is_err());
        assert!(plan("127.0.0.1:80").is_err());
    }

    #[test]
    fn a_request_carries_the_headers_given() {
        let args = ["127.0.0.1:80", "/x", "1", "1", "a: b"].map(str::to_owned);
        let request = Plan::parse(&args).expect("a good plan").request();
        assert_eq!(
            request,
            b"GET /x HTTP/1.1\r\nhost: 127.0.0.1:80\r\naccept: */*\r\na: b\r\n\r\n"
        );
    }

    #[test]
    fn every_request_has_its_connection() {
        let plan = plan("127.0.0.1:80 / 10 4").expect("a good plan");
        assert_eq!(plan.shares().collect::<Vec<_>>(), [3, 3, 2, 2]);
    }

    #[test]
    fn the_report_holds_quantiles() {
        let latencies: Vec<_> = (1..=100).map(Duration::from_micros).collect();
        let expected = r#"{"requests":100,"seconds":0.500,"p50_us":51,"p99_us":100}"#;
        assert_eq!(report(&latencies, 0.5), expected);
    }
}
