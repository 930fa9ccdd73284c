//! What it costs that jobs are seen: the same library and loop with no signal, with one trace in a hundred, and with every trace, in
//! rounds that alternate. Processes and databases are the sides' own: CPU time is that of the process that stores or runs, its
//! export included; the rates are those of the whole machine, PostgreSQL on the same cores.
//!
//! `cargo bench -p belvedere --features jobs,postgres --bench jobs`
//!
//! On a busy machine instructions say more: `-- --instructions` counts them under callgrind, as the difference of a long and a
//! short run.

#[path = "../apart/mod.rs"]
mod apart;
mod collector;
mod service;
mod side;

use std::{env, fmt, time::Duration};

use belvedere_testing::report;

use apart::{Process, callgrind, totals};
use collector::Collector;
use side::{Front, Place, Side};

/// What makes this program a service.
const SERVES: &str = "BENCH_SERVES";
/// Of a round.
const JOBS: usize = 10_000;
const ROUNDS: usize = 11;
/// Requests at a time.
const CALLERS: usize = 4;
/// Sends the spans of a round within that round.
const SETTLED: Duration = Duration::from_millis(250);
/// Jobs of the short and the long run under callgrind.
const RUNS: [usize; 2] = [400, 2_400];

fn main() {
    if env::var_os(SERVES).is_some() {
        return service::serve();
    }
    match env::args().nth(1).as_deref() {
        Some("--instructions") => measure(instructions()),
        _ => measure(rounds()),
    }
}

fn measure(work: impl Future<Output = ()>) {
    let ring = rustls::crypto::ring::default_provider();
    ring.install_default().expect("there is none yet");
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build();
    runtime.expect("a runtime").block_on(work);
}

/// The processes of a side, and what was measured of them.
struct Peer {
    place: Place,
    front: Front,
    worker: Process,
    stored: Figures,
    ran: Figures,
}

impl Peer {
    async fn of(side: Side, collector: &Collector) -> Self {
        let place = Place::of(side, collector).await;
        // One after the other: the tables are the first one's to make.
        let front = place.front(&[]).await;
        let worker = place.worker(&[]);
        front.store(JOBS / 10, CALLERS).await;
        place.run().await;
        Self {
            place,
            front,
            worker,
            stored: Figures::default(),
            ran: Figures::default(),
        }
    }

    async fn round(&mut self) {
        let before = self.front.process.cpu_micros();
        let took = self.front.store(JOBS, CALLERS).await;
        tokio::time::sleep(SETTLED).await;
        self.stored
            .note(took, self.front.process.cpu_micros() - before);
        let before = self.worker.cpu_micros();
        let took = self.place.run().await;
        tokio::time::sleep(SETTLED).await;
        self.ran.note(took, self.worker.cpu_micros() - before);
    }
}

/// Microseconds a job, of each round.
#[derive(Debug, Default)]
struct Figures {
    wall: Vec<f64>,
    cpu: Vec<f64>,
}

impl Figures {
    fn note(&mut self, took: Duration, cpu_micros: f64) {
        self.wall.push(took.as_secs_f64() * 1e6 / JOBS as f64);
        self.cpu.push(cpu_micros / JOBS as f64);
    }
}

async fn rounds() {
    let collector = Collector::start().await;
    let mut peers = Vec::new();
    for side in Side::ALL {
        peers.push(Peer::of(side, &collector).await);
    }
    for _ in 0..ROUNDS {
        for peer in &mut peers {
            peer.round().await;
        }
    }
    for peer in &peers {
        tell("stored", peer.place.side, &peer.stored, &peers[0].stored);
    }
    for peer in &peers {
        tell("run", peer.place.side, &peer.ran, &peers[0].ran);
    }
    let bytes = collector.bytes() / ROUNDS / JOBS;
    report(format_args!("{bytes} bytes of spans a job, all in all"));
}

/// The ratios are medians of those of each round: what disturbs a round disturbs all sides of it.
fn tell(what: &str, side: Side, of: &Figures, unseen: &Figures) {
    let ratios = |of: &[f64], unseen: &[f64]| {
        let ratios = of.iter().zip(unseen).map(|(of, unseen)| of / unseen);
        Spread::of(ratios.collect())
    };
    let rate = 1e6 / Spread::of(of.wall.clone()).median;
    let cpu = Spread::of(of.cpu.clone()).median;
    let (wall_ratio, cpu_ratio) = (ratios(&of.wall, &unseen.wall), ratios(&of.cpu, &unseen.cpu));
    report(format_args!(
        "{what}, {side:?}: {rate:.0} a second, {wall_ratio} x unseen; {cpu:.1} us of its CPU a job, {cpu_ratio} x"
    ));
}

/// A median, and the middle half around it.
struct Spread {
    low: f64,
    median: f64,
    high: f64,
}

impl Spread {
    fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |quarters: usize| figures[figures.len() * quarters / 4];
        Self {
            low: at(1),
            median: at(2),
            high: at(3),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.2} ({:.2} to {:.2})",
            self.median, self.low, self.high
        )
    }
}

async fn instructions() {
    let collector = Collector::start().await;
    for side in Side::ALL {
        let place = Place::of(side, &collector).await;
        let (mut stored, mut ran) = ([0.0; 2], [0.0; 2]);
        for (at, jobs) in RUNS.into_iter().enumerate() {
            stored[at] = storing(&place, jobs).await;
            ran[at] = running(&place, jobs).await;
        }
        let each = |[short, long]: [f64; 2]| (long - short) / (RUNS[1] - RUNS[0]) as f64;
        report(format_args!(
            "{side:?}: {:.0} instructions a job that is stored, {:.0} one that is run",
            each(stored),
            each(ran)
        ));
    }
}

/// Everything that a service does from its start to its end, with so many jobs stored between.
async fn storing(place: &Place, jobs: usize) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("callgrind.out");
    let front = place.front(&callgrind(&out)).await;
    front.store(jobs, 1).await;
    tokio::time::sleep(SETTLED).await;
    drop(front);
    place.clear().await;
    totals(&out)
}

/// The same of a worker.
async fn running(place: &Place, jobs: usize) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("callgrind.out");
    place.front(&[]).await.store(jobs, 1).await;
    let worker = place.worker(&callgrind(&out));
    place.run().await;
    tokio::time::sleep(SETTLED).await;
    drop(worker);
    totals(&out)
}
