//! `load ADDRESS PATH REQUESTS CONNECTIONS [--rate N] [--cycle N] ['NAME: VALUE'...]`: sends so many GETs with these headers over
//! so many kept connections, and prints one JSON line. Loopback only.
//!
//! Each connection waits for its answer before its next request. With `--rate` requests are due at a fixed pace instead, whatever
//! the server does, and each counts from when it was due: a pause of the server is seen by all who would have come meanwhile.
//! With `--cycle`, `{}` in the path is a number that goes round.

mod client;
mod plan;
mod report;
mod turns;

use std::error::Error;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

use crate::client::Client;
use crate::plan::Plan;
use crate::turns::Turns;

/// A run that takes longer is stuck.
const TIME_LIMIT: Duration = Duration::from_secs(300);

type Failure = Box<dyn Error + Send + Sync>;

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
    let drive = async { timeout(TIME_LIMIT, drive(plan)).await };
    let (mut latencies, seconds) = LocalSet::new().block_on(&runtime, drive)??;
    Ok(report::report(&mut latencies, seconds))
}

/// Every latency, and the seconds from the first request on.
async fn drive(plan: &Plan) -> Result<(Vec<Duration>, f64), Failure> {
    let mut clients = Vec::with_capacity(plan.connections);
    for _ in 0..plan.connections {
        clients.push(Client::connect(plan.address).await?);
    }
    let texts: Rc<[Vec<u8>]> = plan.texts().into();
    let began = Instant::now();
    let turns = match plan.rate {
        Some(rate) => Turns::open(plan.requests, rate),
        None => Turns::closed(plan.requests),
    };
    let mut sending = JoinSet::new();
    for client in clients {
        sending.spawn_local(client.send(turns.clone(), texts.clone()));
    }
    sending.spawn_local(async move { turns.keep_pace().await.map(|()| Vec::new()) });
    let mut latencies = Vec::with_capacity(plan.requests);
    while let Some(done) = sending.join_next().await {
        latencies.extend(done??);
    }
    Ok((latencies, began.elapsed().as_secs_f64()))
}
