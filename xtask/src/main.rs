//! What the Makefile calls: `make help` is the way in, this is the machinery behind it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool talks to its user"
)]

mod bench;
mod check;
mod checkout;
mod dashboards;
mod demo;
mod deny_test;
mod deploy;
mod drill;
mod generate;
mod interrupt;
mod new;
mod ops;
mod run;
mod sync;
mod template_test;
mod tools;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::checkout::Checkout;

const USAGE: &str = "usage: xtask new|demo|sync|template-test|bench|bench-page|bench-quick|ir-gate|deny-test|ops-check|drill|deploy-check|dashboards|tools [...]; \
                     the Makefile knows how to call each: make help";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match interrupt::install().and_then(|()| dispatch(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<()> {
    let Some((task, rest)) = args.split_first() else {
        bail!("{USAGE}");
    };
    let checkout = Checkout::find()?;
    match task.as_str() {
        "new" => new::run(&checkout, rest),
        "demo" => demo::run(&checkout, rest),
        "sync" => sync::run(&checkout, rest),
        "template-test" => template_test::run(&checkout, rest),
        "bench" => bench::run(&checkout, rest),
        "bench-page" => bench::render_alone(&checkout),
        "bench-quick" => bench::quick(&checkout),
        "deny-test" => deny_test::run(&checkout),
        "drill" => drill::run(&checkout, rest),
        "ops-check" => ops::run(&checkout),
        "dashboards" => dashboards::run(&checkout, rest),
        "deploy-check" => deploy::run(&checkout, rest),
        "ir-gate" => bench::gate(&checkout),
        "tools" => tools::run(rest),
        other => bail!("unknown task `{other}`; {USAGE}"),
    }
}
