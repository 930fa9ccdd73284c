//! `make drill`: each alert is brought about for real, its runbook is gone through as written, and the alert ends.
//!
//! All programs are real; the shipped rules run with every duration a sixtieth of what it is. Commands come from the runbook.

mod build;
mod desk;
mod faults;
mod gateway;
mod lanes;
mod load;
mod orders;
mod postgres;
mod prometheus;
mod report;
mod run;
mod scale;
mod service;
mod shell;
mod stack;
mod table;
mod transcript;

use std::mem;
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};

pub(crate) use self::service::free_address;

use self::table::{CLASSICS, DRILLS, Drill, NOT_DRILLED};
use crate::checkout::Checkout;
use crate::run::step;

/// `ALERT=Name[,Name/cause,...]`, `--classics`, or all of them. `IN=folder` keeps the service there, for the next time, and what was
/// seen in each drill.
pub(crate) fn run(checkout: &Checkout, args: &[String]) -> Result<()> {
    let chosen = choose(args)?;
    let around = tempfile::tempdir()?;
    let kept = args.iter().find_map(|arg| arg.strip_prefix("IN="));
    let folder = kept.filter(|folder| !folder.is_empty());
    let built = build::run(checkout, folder.map_or(around.path(), Path::new))?;
    step("drill: starting PostgreSQL, Redis, the service, Prometheus, Alertmanager");
    let begun = Instant::now();
    let mut outcome = lanes::go_through(&built, chosen, folder.map(Path::new))?;
    let failed = mem::take(&mut outcome.failed);
    let table = outcome.table();
    println!(
        "\n{table}\n{} drills in {} s",
        table.0.len(),
        begun.elapsed().as_secs()
    );
    match failed.is_empty() {
        true => Ok(()),
        false => bail!("drills that failed: {}", failed.join(", ")),
    }
}

/// Alerts with the causes that are brought about.
pub(crate) fn causes_drilled() -> impl Iterator<Item = (&'static str, &'static str)> {
    DRILLS.iter().map(|drill| (drill.alert, drill.cause))
}

/// Alerts that rule tests alone prove, and why.
pub(crate) fn not_drilled() -> impl Iterator<Item = (&'static str, &'static str)> {
    NOT_DRILLED.into_iter()
}

fn choose(args: &[String]) -> Result<Vec<&'static Drill>> {
    let wanted = args
        .iter()
        .find_map(|arg| arg.strip_prefix("ALERT="))
        .unwrap_or_default();
    let wanted: Vec<_> = wanted.split(',').filter(|name| !name.is_empty()).collect();
    let classics = args.iter().any(|arg| arg == "--classics");
    for name in &wanted {
        if !DRILLS.iter().any(|drill| drill.is(name)) {
            bail!("there is no drill of `{name}`");
        }
    }
    let is_chosen = |drill: &&Drill| match (wanted.is_empty(), classics) {
        (false, _) => wanted.iter().any(|name| drill.is(name)),
        (true, true) => !drill.is_grpc && CLASSICS.iter().any(|name| drill.is(name)),
        (true, false) => true,
    };
    Ok(DRILLS.iter().filter(is_chosen).collect())
}
