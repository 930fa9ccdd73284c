//! What was promised, and what was measured.

use super::results::{Measured, Results};
use super::side::Side;

/// One promise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) of: &'static str,
    pub(crate) promised: &'static str,
    /// None where something that it needs was not measured.
    pub(crate) verdict: Option<Verdict>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) measured: f64,
    pub(crate) is_met: bool,
}

enum Bound {
    Most(f64),
    Least(f64),
    Below,
}

type Measure = fn(&Results) -> Option<f64>;

const TARGETS: [(&str, &str, Bound, Measure); 14] = [
    (
        "all signals, traces 1 %: CPU a request, x bare axum",
        "<= 1.5",
        Bound::Most(1.5),
        |results| cpu_ratio(results, Side::Sampled, Side::Bare),
    ),
    (
        "all signals, traces 100 %: CPU a request, x bare axum",
        "<= 1.9",
        Bound::Most(1.9),
        |results| cpu_ratio(results, Side::Full, Side::Bare),
    ),
    (
        "all signals, traces 100 %: CPU a request, x foundations",
        "< 1",
        Bound::Below,
        |results| cpu_ratio(results, Side::Full, Side::Foundations),
    ),
    (
        "everything off: CPU a request, x axum with the same protections",
        "<= 1.05",
        Bound::Most(1.05),
        |results| cpu_ratio(results, Side::Off, Side::Protected),
    ),
    (
        "do-it-yourself at 100 %: CPU a request, x Belvedere at 100 %",
        ">= 4",
        Bound::Least(4.0),
        |results| cpu_ratio(results, Side::DoItYourself, Side::Full),
    ),
    (
        "FastAPI at 100 %: CPU a request, x Belvedere at 100 %",
        ">= 50",
        Bound::Least(50.0),
        |results| cpu_ratio(results, Side::FastApiFull, Side::Full),
    ),
    (
        "p99 at a fixed rate, traces 100 %, x bare axum",
        "<= 1.7",
        Bound::Most(1.7),
        |results| p99_ratio(results, Side::Full, Side::Bare),
    ),
    (
        "resident memory under load, traces 100 %, MiB",
        "<= 30",
        Bound::Most(30.0),
        |results| Some(results.requests.as_ref()?.of(Side::Full)?.loaded_mib),
    ),
    (
        "collector hangs: p99, x a healthy one",
        "<= 1.05",
        Bound::Most(1.05),
        |results| p99_ratio(results, Side::Hanging, Side::Full),
    ),
    (
        "collector hangs: requests a second, x a healthy one",
        ">= 0.95",
        Bound::Least(0.95),
        |results| {
            let sides = results.requests.as_ref()?;
            let of = |side| Some(sides.of(side)?.per_second.median);
            Some(of(Side::Hanging)? / of(Side::Full)?)
        },
    ),
    (
        "by gRPC, all signals, traces 1 %: CPU a call, x bare tonic",
        "<= 1.5",
        Bound::Most(1.5),
        |results| call_ratio(results, "Sampled", "Bare"),
    ),
    (
        "by gRPC, all signals, traces 100 %: CPU a call, x bare tonic",
        "<= 1.9",
        Bound::Most(1.9),
        |results| call_ratio(results, "Full", "Bare"),
    ),
    (
        "by gRPC, everything off: CPU a call, x bare tonic",
        "<= 1.05",
        Bound::Most(1.05),
        |results| call_ratio(results, "Off", "Bare"),
    ),
    (
        "by gRPC, everything off: CPU a call, x tonic with the same protections",
        "<= 1.05",
        Bound::Most(1.05),
        |results| call_ratio(results, "Off", "Protected"),
    ),
];

/// Every promise, in order.
pub(crate) fn judge(results: &Results) -> Vec<Target> {
    let targets = TARGETS.into_iter();
    let judged = targets.map(|(of, promised, bound, measure)| Target {
        of,
        promised,
        verdict: measure(results).map(|measured| Verdict {
            measured,
            is_met: bound.holds(measured),
        }),
    });
    judged.collect()
}

/// For a terminal.
pub(crate) fn plain(targets: &[Target]) -> String {
    let lines = targets.iter().map(|target| {
        let (measured, word) = words(target);
        format!(
            "{:<66} {:>8} {measured:>8}  {word}",
            target.of, target.promised
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What was measured, and whether that is enough.
pub(crate) fn words(target: &Target) -> (String, &'static str) {
    match target.verdict {
        None => ("-".to_owned(), "not measured"),
        Some(verdict) if verdict.is_met => (format!("{:.2}", verdict.measured), "met"),
        Some(verdict) => (format!("{:.2}", verdict.measured), "missed"),
    }
}

impl Bound {
    fn holds(&self, figure: f64) -> bool {
        match self {
            Self::Most(most) => figure <= *most,
            Self::Least(least) => figure >= *least,
            Self::Below => figure < 1.0,
        }
    }
}

fn cpu_ratio(results: &Results, side: Side, base: Side) -> Option<f64> {
    let sides = results.requests.as_ref()?;
    let of = |side| Some(sides.of(side)?.cpu_us.median);
    Some(of(side)? / of(base)?)
}

fn p99_ratio(results: &Results, side: Side, base: Side) -> Option<f64> {
    let sides = results.requests.as_ref()?;
    let p99 = |measured: &Measured| Some(measured.p99_us?.median);
    Some(p99(sides.of(side)?)? / p99(sides.of(base)?)?)
}

fn call_ratio(results: &Results, side: &str, base: &str) -> Option<f64> {
    let calls = results.calls.as_ref()?;
    let of = |side| Some(calls.of(side)?.cpu_us);
    Some(of(side)? / of(base)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::render::sample;

    fn verdict(results: &Results, of: &str) -> (String, &'static str) {
        let targets = judge(results);
        let target = targets.iter().find(|target| target.of.contains(of));
        words(target.unwrap())
    }

    #[test]
    fn a_promise_is_met_missed_or_unknown() {
        let mut results = sample::results();
        let ratio = "traces 1 %: CPU";
        assert_eq!(verdict(&results, ratio), ("1.40".to_owned(), "met"));
        let sides = &mut results.requests.as_mut().unwrap().sides;
        sides[1].cpu_us.median = 16.0;
        assert_eq!(verdict(&results, ratio), ("1.60".to_owned(), "missed"));
        assert_eq!(
            verdict(&results, "foundations"),
            ("-".to_owned(), "not measured")
        );
        assert_eq!(
            verdict(&Results::default(), ratio),
            ("-".to_owned(), "not measured")
        );
    }
}
