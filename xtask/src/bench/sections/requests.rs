//! CPU time, throughput, latencies, memory and start of every side, in interleaved rounds.

use std::time::Duration;

use anyhow::Result;

use crate::bench::build::Programs;
use crate::bench::figures::{Spread, rounded};
use crate::bench::load::Load;
use crate::bench::machine::Taken;
use crate::bench::measure::{cpu, latency, lines, memory, throughput};
use crate::bench::plan::Plan;
use crate::bench::proof;
use crate::bench::results::{Measured, Requests};
use crate::bench::side::{Program, Side, Work};
use crate::bench::start::{Bench, Started};
use crate::checkout::Checkout;
use crate::interrupt;
use crate::run::step;

/// By then every start-up allocation has been made, and what is spare given back.
const REST: Duration = Duration::from_secs(2);

/// One side, and what was seen of it so far.
struct Watched {
    side: Side,
    started: Started,
    idle_mib: f64,
    start_ms: Vec<f64>,
    rounds: Rounds,
    /// Spans that had come before.
    spans: f64,
}

#[derive(Default)]
struct Rounds {
    cpu_us: Vec<f64>,
    per_second: Vec<f64>,
    busy: Vec<f64>,
    p50_us: Vec<f64>,
    p99_us: Vec<f64>,
    lines: f64,
    sent: f64,
}

pub(crate) fn measure(checkout: &Checkout, work: Work, plan: Plan) -> Result<Requests> {
    let taken = Taken::now(checkout)?;
    let sides = Side::doing(work);
    let mut wanted: Vec<Program> = sides.iter().map(|side| side.program(work)).collect();
    wanted.push(Program::BareStored);
    let bench = Bench::new(Programs::build(checkout, plan.form(), wanted)?, work)?;
    step("each side starts, and proves that it does what it is measured for");
    let mut watched = sides
        .iter()
        .map(|side| watch(&bench, *side, plan))
        .collect::<Result<Vec<_>>>()?;
    for round in 1..=plan.rounds {
        step(&format!("round {round} of {}", plan.rounds));
        for side in &mut watched {
            side.round(&bench, plan)?;
        }
    }
    Ok(Requests {
        taken,
        rounds: plan.rounds,
        rate: plan.rate,
        sides: watched
            .into_iter()
            .map(Watched::end)
            .collect::<Result<_>>()?,
    })
}

fn watch(bench: &Bench, side: Side, plan: Plan) -> Result<Watched> {
    println!("    {}", side.title());
    let mut start_ms = Vec::new();
    for _ in 1..plan.starts {
        let started = bench.start(side, &[])?;
        start_ms.push(started.took.as_secs_f64() * 1000.0);
        started.running.stop()?;
    }
    let mut started = bench.start(side, &[])?;
    start_ms.push(started.took.as_secs_f64() * 1000.0);
    interrupt::pause(REST)?;
    let idle_mib = memory::resident(started.running.pid())?;
    proof::prove(bench, side, &mut started)?;
    bench.send(&Load::across(bench.work.path(), plan.warm_up), &started)?;
    lines::take(&started.log)?;
    Ok(Watched {
        side,
        idle_mib,
        start_ms,
        rounds: Rounds::default(),
        spans: started.receiver.count()?,
        started,
    })
}

impl Watched {
    fn round(&mut self, bench: &Bench, plan: Plan) -> Result<()> {
        let requests = plan.requests(self.side.is_native());
        let (rounds, started) = (&mut self.rounds, &self.started);
        let load = Load::beside(bench.work.path(), requests);
        let cpu_us = cpu::per_request(&load, &bench.programs.load, started)?;
        rounds.cpu_us.push(cpu_us);
        let throughput = throughput::measure(bench, started, requests)?;
        rounds.per_second.push(throughput.per_second);
        rounds.busy.push(throughput.busy);
        rounds.sent += f64::from(requests) * 2.0;
        if let Some((p50, p99)) = latency::measure(bench, started, plan, throughput.per_second)? {
            rounds.p50_us.push(p50);
            rounds.p99_us.push(p99);
            rounds.sent += f64::from(plan.at_rate());
        }
        rounds.lines += lines::take(&started.log)?;
        Ok(())
    }

    fn end(mut self) -> Result<Measured> {
        let loaded_mib = memory::resident(self.started.running.pid())?;
        let spans = self.started.receiver.count()? - self.spans;
        self.started.running.stop()?;
        let rounds = self.rounds;
        let busy = Spread::of(rounds.busy).map_or(f64::NAN, |busy| busy.median);
        let all = |figures| Spread::of(figures).unwrap_or(Spread::NOTHING);
        Ok(Measured {
            side: self.side,
            cpu_us: all(rounds.cpu_us),
            per_second: all(rounds.per_second),
            busy,
            p50_us: Spread::of(rounds.p50_us),
            p99_us: Spread::of(rounds.p99_us),
            idle_mib: rounded(self.idle_mib),
            loaded_mib: rounded(loaded_mib),
            start_ms: all(self.start_ms),
            lines: rounded(rounds.lines / rounds.sent),
            spans: rounded(spans / rounds.sent),
        })
    }
}
