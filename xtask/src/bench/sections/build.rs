//! What a build takes: crates, seconds from nothing and after a change, and what comes out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::bench::figures::rounded;
use crate::bench::machine::Taken;
use crate::bench::plan::Plan;
use crate::bench::results::{Build, Built};
use crate::checkout::Checkout;
use crate::generate::{Around, Generation, Source};
use crate::run::command;
use crate::run::step;

/// One thing that is built from nothing.
struct Preset {
    name: &'static str,
    /// The package, which is also the program.
    package: String,
    folder: PathBuf,
    /// What a developer has touched.
    touched: PathBuf,
}

pub(crate) fn measure(checkout: &Checkout, plan: Plan) -> Result<Build> {
    let taken = Taken::now(checkout)?;
    let around = tempfile::tempdir()?;
    let presets = presets(checkout, around.path(), plan)?;
    let built = presets.iter().map(build);
    Ok(Build {
        presets: built.collect::<Result<_>>()?,
        taken,
    })
}

fn presets(checkout: &Checkout, around: &Path, plan: Plan) -> Result<Vec<Preset>> {
    let mut presets = vec![peer(checkout, "bare axum", "bare-axum")];
    if plan.is_trial {
        return Ok(presets);
    }
    presets.push(peer(checkout, "do-it-yourself", "do-it-yourself"));
    let services = [
        ("belvedere, SQLite", "sqlite", false, false),
        ("belvedere, PostgreSQL", "postgres", false, false),
        (
            "belvedere, PostgreSQL, Redis, gRPC, jobs",
            "postgres",
            true,
            true,
        ),
    ];
    for (index, (name, database, redis, is_whole)) in services.into_iter().enumerate() {
        let package = format!("bench-preset-{index}");
        let generation = Generation {
            name: &package,
            database,
            redis,
            grpc: is_whole,
            jobs: is_whole,
            destination: around,
            source: Source::Checkout(checkout.clone()),
            around: Around::Untouched,
        };
        let folder = generation.run()?;
        presets.push(Preset {
            name,
            touched: folder.join("src/orders/handlers.rs"),
            folder,
            package,
        });
    }
    Ok(presets)
}

fn peer(checkout: &Checkout, name: &'static str, package: &str) -> Preset {
    let folder = checkout.benches();
    Preset {
        name,
        touched: folder.join(package).join("src/main.rs"),
        package: package.to_owned(),
        folder,
    }
}

fn build(preset: &Preset) -> Result<Built> {
    step(&format!("building {} from nothing", preset.name));
    // Its own: what others have built must not help.
    let target = tempfile::tempdir()?;
    let cold_s = timed(preset, target.path(), &[])?;
    touch(&preset.touched)?;
    let again_s = timed(preset, target.path(), &[])?;
    let release_s = timed(preset, target.path(), &["--release"])?;
    Ok(Built {
        name: preset.name.to_owned(),
        crates: crates(preset)?,
        cold_s: rounded(cold_s),
        again_s: rounded(again_s),
        release_s: rounded(release_s),
        binary_mib: rounded(stripped(
            &target.path().join("release").join(&preset.package),
        )?),
    })
}

fn timed(preset: &Preset, target: &Path, args: &[&str]) -> Result<f64> {
    let mut cargo = command::cargo(&preset.folder, target);
    cargo
        .args(["build", "--quiet", "-p", &preset.package])
        .args(args);
    let began = Instant::now();
    command::capture(&mut cargo)?;
    Ok(began.elapsed().as_secs_f64())
}

/// As an editor would; what is in it stays.
fn touch(file: &Path) -> Result<()> {
    let now = std::time::SystemTime::now();
    let file = fs::File::options().write(true).open(file)?;
    Ok(file.set_modified(now)?)
}

/// Every crate that is compiled, once, without its own.
fn crates(preset: &Preset) -> Result<u32> {
    let mut cargo = command::cargo(&preset.folder, &preset.folder.join("target"));
    cargo
        .args(["tree", "--prefix", "none", "--no-dedupe", "--format", "{p}"])
        .args(["--edges", "normal,build", "-p", &preset.package]);
    let mut lines: Vec<String> = command::capture(&mut cargo)?
        .stdout
        .lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect();
    lines.sort_unstable();
    lines.dedup();
    Ok(u32::try_from(lines.len().saturating_sub(1))?)
}

fn stripped(program: &Path) -> Result<f64> {
    let bare = program.with_extension("stripped");
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(&bare).arg(program);
    command::capture(&mut strip).context("`strip` of binutils is needed")?;
    let bytes = u32::try_from(fs::metadata(&bare)?.len())?;
    Ok(f64::from(bytes) / 1024.0 / 1024.0)
}
