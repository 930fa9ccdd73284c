//! What seeing a call costs: a unary method served by tonic alone, by tonic with what protects it, and by a whole service, over real
//! sockets, in rounds that alternate. Each server is a process of its own, as is the collector: only the server's CPU time counts,
//! its export included.
//!
//! `cargo bench -p belvedere --no-default-features --features grpc,postgres --bench call`
//!
//! On a busy machine instructions say more: `-- --instructions` counts them under callgrind, as the difference of a long and a
//! short run.

#[path = "../apart/mod.rs"]
mod apart;
mod client;
mod echo;
mod peer;
mod server;

use std::{env, time::Duration};

use belvedere_testing::report;

use client::Client;
use peer::{Collector, Peer, Side};

/// Of a round.
const CALLS: usize = 4_000;
const ROUNDS: usize = 21;
/// Sends the spans of a round within that round.
const SETTLED: Duration = Duration::from_millis(250);
/// Calls of the short and the long run under callgrind.
const RUNS: [usize; 2] = [300, 2_300];

fn main() {
    if let Ok(side) = env::var(peer::SERVES) {
        return server::serve(&side);
    }
    match env::args().nth(1).as_deref() {
        Some(peer::COLLECTOR) => peer::collect(),
        Some("--instructions") => measure(instructions()),
        _ => measure(cpu()),
    }
}

fn measure(work: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build();
    runtime.expect("a runtime").block_on(work);
}

async fn cpu() {
    let collector = Collector::start();
    let mut peers = Vec::new();
    for side in Side::ALL {
        let peer = Peer::start(side, &collector, &[]);
        let client = Client::of(peer.addr).await;
        client.calls(CALLS).await;
        peers.push((peer, client, Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (peer, client, micros) in &mut peers {
            let before = peer.cpu_micros();
            client.calls(CALLS).await;
            tokio::time::sleep(SETTLED).await;
            micros.push((peer.cpu_micros() - before) / CALLS as f64);
        }
    }
    let mut medians = Vec::new();
    for (peer, client, mut micros) in peers {
        client.leave().await;
        micros.sort_by(f64::total_cmp);
        medians.push((peer.side, micros[micros.len() / 2]));
    }
    tell("us of CPU", &medians);
}

async fn instructions() {
    let collector = Collector::start();
    let mut figures = Vec::new();
    for side in Side::ALL {
        let mut totals = [0.0; 2];
        for (total, calls) in totals.iter_mut().zip(RUNS) {
            *total = peer::instructions(side, &collector, calls).await;
        }
        let [short, long] = totals;
        figures.push((side, (long - short) / (RUNS[1] - RUNS[0]) as f64));
    }
    tell("instructions", &figures);
}

fn tell(what: &str, figures: &[(Side, f64)]) {
    let bare = figures.first().map_or(f64::NAN, |(_, figure)| *figure);
    for (side, figure) in figures {
        report(format_args!(
            "{side:?}: {figure:.1} {what} a call, {:.2} x bare",
            figure / bare
        ));
    }
}
