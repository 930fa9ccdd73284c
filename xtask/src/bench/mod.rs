//! What a request costs: bare axum and a generated service, side by side, for the very same answer.

mod callgrind;
mod cpu;
mod idle;
mod limits;
mod peers;
mod receiver;

use anyhow::Result;

use crate::checkout::Checkout;
use crate::run::step;
use crate::tools;
use callgrind::Instructions;
use cpu::Cost;
use peers::{Peer, Peers};

/// CPU time and instructions of every variant, as a table.
pub(crate) fn quick(checkout: &Checkout) -> Result<()> {
    tools::ensure("valgrind")?;
    let peers = Peers::build(checkout)?;
    step("CPU time: interleaved rounds, one worker thread each, median");
    let costs = cpu::measure(&peers)?;
    step("instructions under callgrind");
    let instructions = callgrind::measure(&peers)?;
    let idle = idle::measure(&peers)?;
    println!("{}", table(&costs, &instructions));
    println!(
        "at rest: {:.1} MiB resident; ready {} ms after exec with a warm file (release, every signal on)",
        idle.resident,
        idle.ready.as_millis()
    );
    Ok(())
}

/// Instructions alone, held against the limits.
pub(crate) fn gate(checkout: &Checkout) -> Result<()> {
    tools::ensure("valgrind")?;
    let limits = limits::read(checkout)?;
    let peers = Peers::build(checkout)?;
    step("ir-gate: instructions a request against bare axum");
    let instructions = callgrind::measure(&peers)?;
    for peer in Peer::ALL {
        if let Some(figure) = instructions.of(peer) {
            let ratio = instructions.ratio(peer);
            println!(
                "{:<26} {figure:>9.0} instructions  {ratio:>5.2} x bare",
                peer.title()
            );
        }
    }
    limits.check(&instructions)
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
    let figure = instructions.of(cost.peer);
    let ratio = figure.map(|_| instructions.ratio(cost.peer));
    let shown = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        cost.peer.title().to_owned(),
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

    fn cost(peer: Peer, micros: f64) -> Cost {
        Cost {
            peer,
            micros,
            dropped: 0.0,
        }
    }

    #[test]
    fn the_table_holds_ratios_to_the_base_line() {
        let costs = [
            cost(Peer::Bare, 5.0),
            cost(Peer::Off, 6.0),
            cost(Peer::Full, 10.0),
        ];
        let figures = [(Peer::Bare, 20_000.0), (Peer::Full, 50_000.0)];
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
