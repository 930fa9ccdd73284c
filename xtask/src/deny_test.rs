//! `deny.toml` has to refuse what it is there for: shown on made-up trees, whose crates are empty.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::checkout::Checkout;
use crate::run::command;
use crate::run::step;

/// A made-up crate: name, version, and the crates it imports by folder.
struct Made {
    folder: &'static str,
    name: &'static str,
    version: &'static str,
    imports: &'static [(&'static str, &'static str)],
}

const fn made(
    folder: &'static str,
    name: &'static str,
    version: &'static str,
    imports: &'static [(&'static str, &'static str)],
) -> Made {
    Made {
        folder,
        name,
        version,
        imports,
    }
}

/// What must pass, so that the failures below are not those of the made-up trees.
const FINE: [Made; 2] = [
    made("app", "app", "0.1.0", &[("opentelemetry", "otel")]),
    made("otel", "opentelemetry", "0.33.0", &[]),
];

const TWO_TRAINS: [Made; 3] = [
    made(
        "app",
        "app",
        "0.1.0",
        &[("opentelemetry", "new"), ("older", "old")],
    ),
    made("new", "opentelemetry", "0.33.0", &[]),
    made("old", "opentelemetry", "0.32.0", &[]),
];

const CROSSED_WALL: [Made; 3] = [
    made("app", "app", "0.1.0", &[("belvedere-http", "http")]),
    made(
        "http",
        "belvedere-http",
        "0.1.0",
        &[("belvedere-telemetry", "telemetry")],
    ),
    made("telemetry", "belvedere-telemetry", "0.1.0", &[]),
];

pub(crate) fn run(checkout: &Checkout) -> Result<()> {
    step("deny.toml refuses what it is there for");
    let fine = judge(checkout, &FINE)?;
    ensure!(fine.is_none(), "a tree without fault is refused:\n{fine:?}");
    refuses(checkout, &TWO_TRAINS, "opentelemetry")?;
    refuses(checkout, &CROSSED_WALL, "belvedere-telemetry")
}

fn refuses(checkout: &Checkout, tree: &[Made], named: &str) -> Result<()> {
    let verdict = judge(checkout, tree)?.unwrap_or_default();
    ensure!(
        verdict.contains(named),
        "deny.toml lets {named} pass; cargo-deny said: {verdict}"
    );
    Ok(())
}

/// What cargo-deny objects to, if anything.
fn judge(checkout: &Checkout, tree: &[Made]) -> Result<Option<String>> {
    let around = tempfile::tempdir()?;
    for made in tree {
        write(around.path(), made)?;
    }
    let app = around.path().join("app");
    let mut deny = command::cargo(&app, &around.path().join("target"));
    deny.args(["deny", "--offline", "--log-level", "error", "--config"])
        .arg(checkout.root().join("deny.toml"))
        .args(["check", "--hide-inclusion-graph", "bans"]);
    let output = command::run(&mut deny)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok((!output.status.success()).then_some(said))
}

fn write(around: &Path, made: &Made) -> Result<()> {
    let folder = around.join(made.folder);
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let imports = made.imports.iter().map(|(alias, folder)| {
        let package = if *alias == "older" {
            "opentelemetry"
        } else {
            alias
        };
        format!("{alias} = {{ path = \"../{folder}\", package = \"{package}\" }}\n")
    });
    let manifest = format!(
        "[package]\nname = \"{}\"\nversion = \"{}\"\nedition = \"2024\"\nlicense = \"MIT\"\n\n[dependencies]\n{}",
        made.name,
        made.version,
        imports.collect::<String>()
    );
    Ok(fs::write(folder.join("Cargo.toml"), manifest)?)
}
