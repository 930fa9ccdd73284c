//! The generated service under cargo, with no edits.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::Result;

use super::checks::{Checks, figure};
use super::files::within;
use super::preset::Preset;
use crate::run::command;

/// The embedded default's budget of crates; a cold build on two cores takes minutes as it is.
const MAX_CRATES: usize = 300;

/// `None` when there is nothing to start.
pub(crate) fn run(checks: &Checks, preset: &Preset) -> Option<()> {
    checks.run("cargo fmt --check", || cargo(preset, &["fmt", "--check"]));
    checks.run("cargo clippy --all-targets -- -D warnings", || {
        cargo(preset, &["clippy", "--all-targets", "--", "-D", "warnings"])
    });
    checks.run("few crates", || count_crates(preset));
    checks.run("cargo build", || build(preset))?;
    checks.run("cargo test", || cargo(preset, &["test"]));
    Some(())
}

fn cargo(preset: &Preset, args: &[&str]) -> Result<()> {
    command::capture(&mut preset.cargo(args)).map(drop)
}

/// Builds, and reports what the shared target directory could not provide.
pub(crate) fn build(preset: &Preset) -> Result<()> {
    let began = Instant::now();
    let printed = command::capture(&mut preset.cargo(&["build"]))?;
    let compiled = compiled(&printed.stderr, &preset.name);
    let seconds = began.elapsed().as_secs_f64();
    figure(&format!(
        "{seconds:.1} s; {} crates compiled beside the service's own: {}",
        compiled.len(),
        shortened(&compiled)
    ));
    Ok(())
}

fn compiled<'a>(stderr: &'a str, own: &str) -> Vec<&'a str> {
    let lines = stderr
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Compiling "));
    let names = lines.filter_map(|line| line.split(' ').next());
    names.filter(|name| *name != own).collect()
}

fn shortened(names: &[&str]) -> String {
    match names.len() {
        0..=12 => names.join(" "),
        _ => format!("{} ...", names[..12].join(" ")),
    }
}

fn count_crates(preset: &Preset) -> Result<()> {
    let mut tree = preset.cargo(&["tree", "--prefix", "none", "-e", "normal,build"]);
    let crates = distinct(&command::capture(&mut tree)?.stdout);
    figure(&format!("{crates} crates in a cold build"));
    match preset.database {
        "sqlite" => within("crates", crates, MAX_CRATES),
        _ => Ok(()),
    }
}

fn distinct(tree: &str) -> usize {
    let lines = tree.lines().filter(|line| !line.is_empty());
    let names: BTreeSet<_> = lines.map(|line| line.trim_end_matches(" (*)")).collect();
    names.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_crates_are_counted_without_the_service() {
        let stderr = "   Compiling serde v1.0.1\n    Checking x v1\n   Compiling shop v0.1.0 (/tmp/shop)\n    Finished\n";
        assert_eq!(compiled(stderr, "shop"), ["serde"]);
    }

    #[test]
    fn a_crate_seen_again_counts_once() {
        assert_eq!(
            distinct("shop v0.1.0\nserde v1\nserde v1 (*)\n\nserde v2\n"),
            3
        );
    }
}
