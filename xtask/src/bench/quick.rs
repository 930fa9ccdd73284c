//! `make bench-quick` and `make ir-gate`: bare axum and a generated service alone, in a minute or two.

use std::time::Duration;

use anyhow::Result;

use super::build::{Form, Programs};
use super::figures::Spread;
use super::limits;
use super::load::Load;
use super::measure::instructions::{self, Instructions};
use super::measure::{cpu, memory};
use super::plan::Plan;
use super::side::{Side, Work};
use super::start::{Bench, Started};
use crate::check::metrics::Scrape;
use crate::checkout::Checkout;
use crate::interrupt;
use crate::run::http::Call;
use crate::run::step;
use crate::tools;

/// By then every start-up allocation has been made, and what is spare given back.
const REST: Duration = Duration::from_secs(2);

/// What one side took.
#[derive(Debug)]
struct Cost {
    side: Side,
    /// CPU time a request.
    micros: f64,
    /// Log lines and spans that were dropped because this load is more than can be exported.
    dropped: f64,
}

/// CPU time and instructions of every variant, as a table.
pub(crate) fn quick(checkout: &Checkout) -> Result<()> {
    let bench = build(checkout)?;
    step("CPU time: interleaved rounds, one worker thread each, median");
    let costs = costs(&bench, Plan::from_environment())?;
    step("instructions under callgrind");
    let instructions = instructions::measure(&bench, &Side::QUICK)?;
    println!("{}", table(&costs, &instructions));
    println!("{}", at_rest(&bench)?);
    Ok(())
}

/// Instructions alone, held against the limits.
pub(crate) fn gate(checkout: &Checkout) -> Result<()> {
    let limits = limits::read(checkout)?;
    let bench = build(checkout)?;
    step("ir-gate: instructions a request against bare axum");
    let instructions = instructions::measure(&bench, &Side::QUICK)?;
    for side in Side::QUICK {
        if let Some(figure) = instructions.of(side) {
            let ratio = instructions.ratio(side);
            println!(
                "{:<26} {figure:>9.0} instructions  {ratio:>5.2} x bare",
                side.title()
            );
        }
    }
    limits.check(&instructions)
}

fn build(checkout: &Checkout) -> Result<Bench> {
    tools::ensure("valgrind")?;
    let wanted = Side::QUICK.map(|side| side.program(Work::Hello));
    Bench::new(
        Programs::build(checkout, Form::Release, wanted)?,
        Work::Hello,
    )
}

fn costs(bench: &Bench, plan: Plan) -> Result<Vec<Cost>> {
    let started = Side::QUICK.map(|side| bench.start(side, &[]));
    let started = started.into_iter().collect::<Result<Vec<_>>>()?;
    let load = Load::beside(Work::Hello.path(), plan.requests(true));
    let mut rounds = vec![Vec::new(); started.len()];
    // The first round fills the caches, the pools and the allocator.
    for round in 0..=plan.rounds {
        for (side, figures) in started.iter().zip(&mut rounds) {
            let figure = cpu::per_request(&load, &bench.programs.load, side)?;
            figures.extend((round > 0).then_some(figure));
        }
    }
    let sides = Side::QUICK.into_iter().zip(rounds).zip(&started);
    let costs = sides.map(|((side, figures), started)| {
        Ok(Cost {
            side,
            micros: Spread::of(figures).unwrap_or(Spread::NOTHING).median,
            dropped: dropped(side, started)?,
        })
    });
    costs.collect()
}

fn dropped(side: Side, started: &Started) -> Result<f64> {
    if side.traces().is_none() {
        return Ok(0.0);
    }
    let answer = Call::get("/metrics").send(started.admin)?;
    let scrape = Scrape::read(&answer.text())?;
    let dropped = scrape.named("telemetry_dropped_total");
    // An empty sum of floats is -0.
    Ok(dropped.fold(0.0, |sum, sample| sum + sample.value))
}

/// The second start finds its database file.
fn at_rest(bench: &Bench) -> Result<String> {
    bench.start(Side::Full, &[])?.running.stop()?;
    let started = bench.start(Side::Full, &[])?;
    interrupt::pause(REST)?;
    let resident = memory::resident(started.running.pid())?;
    let first = started.took.as_millis();
    Ok(format!(
        "at rest: {resident:.1} MiB resident; the first 200 {first} ms after exec with a warm file (release, every signal on)"
    ))
}

fn table(costs: &[Cost], instructions: &Instructions) -> String {
    let base = costs.first().map_or(f64::NAN, |cost| cost.micros);
    let head = ["", "CPU us/req", "x bare", "dropped", "Ir/req", "x bare"];
    let mut lines = vec![row(&head.map(str::to_owned))];
    lines.extend(
        costs
            .iter()
            .map(|cost| row(&cells(cost, base, instructions))),
    );
    lines.join("\n")
}

fn cells(cost: &Cost, base: f64, instructions: &Instructions) -> [String; 6] {
    let figure = instructions.of(cost.side);
    let ratio = figure.map(|_| instructions.ratio(cost.side));
    let shown = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        cost.side.title().to_owned(),
        format!("{:.2}", cost.micros),
        format!("{:.2}", cost.micros / base),
        format!("{:.0}", cost.dropped),
        shown(figure.map(|figure| format!("{figure:.0}"))),
        shown(ratio.map(|ratio| format!("{ratio:.2}"))),
    ]
}

fn row([title, micros, ratio, dropped, figure, figure_ratio]: &[String; 6]) -> String {
    format!("{title:<26} {micros:>11} {ratio:>7} {dropped:>9} {figure:>9} {figure_ratio:>7}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(side: Side, micros: f64) -> Cost {
        Cost {
            side,
            micros,
            dropped: 0.0,
        }
    }

    #[test]
    fn the_table_holds_ratios_to_the_base_line() {
        let costs = [
            cost(Side::Bare, 5.0),
            cost(Side::Off, 6.0),
            cost(Side::Full, 10.0),
        ];
        let figures = [(Side::Bare, 20_000.0), (Side::Full, 50_000.0)];
        let table = table(&costs, &Instructions::from_figures(&figures));
        let rows: Vec<_> = table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .collect();
        assert!(rows[2].ends_with(&["1.20", "0", "-", "-"]), "{table}");
        assert!(
            rows[3].ends_with(&["2.00", "0", "50000", "2.50"]),
            "{table}"
        );
    }
}
