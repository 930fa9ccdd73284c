//! Calls by gRPC as a table.

use super::table::table;
use crate::bench::results::{Call, Calls};

/// What everything is compared with.
const BASE: &str = "Bare";

pub(crate) fn calls(calls: &Calls) -> String {
    let head = ["", "CPU us/call", "x bare", "instructions", "x bare"];
    let base = calls.of(BASE);
    let rows = calls.sides.iter().map(|call| {
        let ratio = |figure: fn(&Call) -> f64| {
            let base = base.map_or(f64::NAN, figure);
            format!("{:.2}", figure(call) / base)
        };
        vec![
            title(&call.side).to_owned(),
            format!("{:.1}", call.cpu_us),
            ratio(|call| call.cpu_us),
            format!("{:.0}", call.instructions),
            ratio(|call| call.instructions),
        ]
    });
    table(&head, &rows.collect::<Vec<_>>())
}

/// As the sides of HTTP are called.
fn title(side: &str) -> &str {
    match side {
        BASE => "bare tonic",
        "Protected" => "tonic, protected",
        "Off" => "belvedere, all off",
        "Sampled" => "belvedere, traces 1 %",
        "Full" => "belvedere, traces 100 %",
        other => other,
    }
}
