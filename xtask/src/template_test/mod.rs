//! The template test: every preset is generated with the real cargo-generate, linted, built, tested, started and driven
//! over HTTP, and held against the contract.

mod branch;
pub(crate) mod build;
pub(crate) mod checks;
mod drive;
mod failures;
mod files;
mod generation;
mod interface;
mod knobs;
mod logs;
mod metrics;
mod picture;
pub(crate) mod preset;
mod shared;
pub(crate) mod snippet;
mod traces;

use anyhow::{Result, bail};

use crate::checkout::Checkout;
use crate::generate::DATABASES;
use crate::run::step;
use checks::Checks;
use preset::Preset;

/// The part that belongs to no preset.
const GENERATION: &str = "generation";

/// All presets and the ways generation can fail; or only what is named: a database, or `generation`.
pub(crate) fn run(checkout: &Checkout, args: &[String]) -> Result<()> {
    let known = || DATABASES.into_iter().chain([GENERATION]);
    if let Some(other) = args.iter().find(|arg| !known().any(|part| part == *arg)) {
        bail!("`{other}` is neither a preset nor `{GENERATION}`");
    }
    let checks = Checks::default();
    for part in known().filter(|part| args.is_empty() || args.iter().any(|arg| arg == part)) {
        match part {
            GENERATION => generation::run(checkout, &checks),
            database => {
                run_preset(checkout, &checks, database);
            }
        }
    }
    checks.verdict()
}

fn run_preset(checkout: &Checkout, checks: &Checks, database: &'static str) -> Option<()> {
    step(&format!("template test: {database}"));
    let preset = checks.run("generated", || Preset::generate(checkout, database))?;
    checks.run(
        "every placeholder is filled, the rest is byte-identical",
        || files::check(checkout, &preset.folder),
    );
    let is_default = database == DATABASES[0];
    checks.run("small enough to read", || {
        files::count(&preset.folder, is_default)
    });
    build::run(checks, &preset)?;
    checks.run("the workspace's versions and profiles", || {
        shared::check(checkout, &preset.folder)
    });
    checks.run("config/default.toml has every knob", || {
        knobs::check(&preset)
    });
    drive::run(checks, &preset);
    failures::run(checks, &preset);
    interface::run(checks, &preset);
    checks.run("it serves as in the stack, behind a collector", || {
        crate::deploy::serves::in_the_stack(&preset)
    });
    checks.run("it migrates, serves and works as in Kubernetes", || {
        crate::deploy::serves::in_the_cluster(&preset)
    });
    if preset.system() == "postgresql" {
        checks.run("every panel of every dashboard shows something", || {
            crate::dashboards::check_live(checkout, &preset)
        });
        checks.run("from HTTP over gRPC to SQL is one trace", || {
            branch::check(checkout, &preset)
        });
    }
    if is_default {
        checks.run("the README's snippet adds a route", || {
            snippet::check(checkout, &preset)
        });
    }
    Some(())
}
