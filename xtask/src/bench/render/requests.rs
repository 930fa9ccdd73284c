//! One kind of work as a table: all sides, and everything about them.

use super::table::{or_dash, spread, table};
use crate::bench::measure::instructions::Instructions;
use crate::bench::results::{Measured, Requests};
use crate::bench::side::Side;

/// A server that is busy for less than this share of its core could have done more.
const BUSY: f64 = 0.9;

/// Side by side: CPU time, instructions, throughput, latencies.
pub(crate) fn speed(requests: &Requests, counted: Option<&Instructions>) -> String {
    let head = [
        "",
        "CPU us/request",
        "x bare",
        "instructions",
        "x bare",
        "requests/s",
        "p50 us",
        "p99 us",
    ];
    let base = requests.of(Side::Bare).map(|bare| bare.cpu_us.median);
    let rows = requests.sides.iter();
    let rows: Vec<_> = rows.map(|side| row(side, base, counted)).collect();
    table(&head, &rows)
}

fn row(measured: &Measured, base: Option<f64>, counted: Option<&Instructions>) -> Vec<String> {
    let side = measured.side;
    let figure = counted.and_then(|counted| counted.of(side));
    let ratio = counted.filter(|_| figure.is_some());
    let micros = |figures| or_dash(Option::map(figures, |figures| spread(figures, 0)));
    vec![
        side.title().to_owned(),
        spread(measured.cpu_us, 1),
        or_dash(base.map(|base| format!("{:.2}", measured.cpu_us.median / base))),
        or_dash(figure.map(|figure| format!("{figure:.0}"))),
        or_dash(ratio.map(|counted| format!("{:.2}", counted.ratio(side)))),
        throughput(measured),
        micros(measured.p50_us),
        micros(measured.p99_us),
    ]
}

/// Where the load could do no more, the server could: at least so many.
fn throughput(measured: &Measured) -> String {
    let least = if measured.busy < BUSY { ">= " } else { "" };
    format!("{least}{:.0}", measured.per_second.median)
}

/// Side by side: memory, start, and what was left of each request under the heaviest load.
pub(crate) fn rest(requests: &Requests) -> String {
    let head = [
        "",
        "MiB at rest",
        "MiB loaded",
        "first 200, ms",
        "lines/request",
        "spans/request",
    ];
    let rows = requests.sides.iter().map(|measured| {
        vec![
            measured.side.title().to_owned(),
            format!("{:.1}", measured.idle_mib),
            format!("{:.1}", measured.loaded_mib),
            spread(measured.start_ms, 0),
            format!("{:.2}", measured.lines),
            format!("{:.2}", measured.spans),
        ]
    });
    table(&head, &rows.collect::<Vec<_>>())
}

/// Instructions alone, where nothing else was measured.
pub(crate) fn instructions(sides: &[Side], counted: &Instructions) -> String {
    let rows = sides.iter().filter_map(|side| {
        let figure = counted.of(*side)?;
        Some(vec![
            side.title().to_owned(),
            format!("{figure:.0}"),
            format!("{:.2}", counted.ratio(*side)),
        ])
    });
    table(&["", "instructions", "x bare"], &rows.collect::<Vec<_>>())
}
