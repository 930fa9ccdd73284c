//! One call by gRPC: what `make bench-call` tells.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::bench::machine::Taken;
use crate::bench::results::{Call, Calls};
use crate::checkout::Checkout;
use crate::run::{command, step};
use crate::tools;

/// As the bench needs it, without what the other features would add to the service.
const BENCH: [&str; 10] = [
    "bench",
    "--quiet",
    "-p",
    "belvedere",
    "--no-default-features",
    "--features",
    "grpc,postgres",
    "--bench",
    "call",
    "--",
];
const CPU: &str = "us of CPU a call";
const INSTRUCTIONS: &str = "instructions a call";

pub(crate) fn measure(checkout: &Checkout) -> Result<Calls> {
    tools::ensure("valgrind")?;
    let taken = Taken::now(checkout)?;
    step("CPU time of a call");
    let micros = figures(&bench(checkout, &[])?, CPU);
    step("instructions of a call");
    let counted = figures(&bench(checkout, &["--instructions"])?, INSTRUCTIONS);
    Ok(Calls {
        sides: join(&micros, &counted)?,
        taken,
    })
}

fn bench(checkout: &Checkout, args: &[&str]) -> Result<String> {
    let mut cargo = command::cargo(Path::new(checkout.root()), &checkout.target());
    cargo.args(BENCH).args(args);
    Ok(command::capture(&mut cargo)?.all())
}

/// Lines like `    Off: 29.2 us of CPU a call, 1.13 x bare`.
fn figures(printed: &str, unit: &str) -> Vec<(String, f64)> {
    let figures = printed.lines().filter_map(|line| {
        let (side, rest) = line.trim_start().split_once(": ")?;
        let (figure, rest) = rest.split_once(' ')?;
        let figure = figure.parse().ok()?;
        rest.starts_with(unit).then(|| (side.to_owned(), figure))
    });
    figures.collect()
}

fn join(micros: &[(String, f64)], counted: &[(String, f64)]) -> Result<Vec<Call>> {
    ensure!(!micros.is_empty(), "the bench told no line with `{CPU}`");
    let joined = micros.iter().map(|(side, cpu_us)| {
        let same = counted.iter().find(|(name, _)| name == side);
        let (_, instructions) =
            same.with_context(|| format!("the bench told no {INSTRUCTIONS} of {side}"))?;
        Ok(Call {
            side: side.clone(),
            cpu_us: *cpu_us,
            instructions: *instructions,
        })
    });
    joined.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_both_runs_are_one_row_each() {
        let micros = figures(
            "other: words\n    Bare: 25.9 us of CPU a call, 1.00 x bare\n",
            CPU,
        );
        let counted = figures(
            "    Bare: 70123.4 instructions a call, 1.00 x bare\n",
            INSTRUCTIONS,
        );
        let bare = Call {
            side: "Bare".to_owned(),
            cpu_us: 25.9,
            instructions: 70123.4,
        };
        assert_eq!(join(&micros, &counted).unwrap(), [bare]);
        let error = join(&micros, &[]).unwrap_err().to_string();
        assert!(error.contains("of Bare"), "{error}");
        assert!(join(&[], &counted).is_err());
    }
}
