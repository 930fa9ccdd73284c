//! Generation itself: where it must work, and how it must fail.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use super::checks::Checks;
use crate::checkout::Checkout;
use crate::generate::{Around, Generation, Source};
use crate::run::command::{self, cargo};
use crate::run::step;
use crate::sync;

/// A manifest that must not be touched.
const WORKSPACE: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"member\"]\n";

pub(crate) fn run(checkout: &Checkout, checks: &Checks) {
    step("template test: generation");
    checks.run(
        "without a word about the crates it stops and leaves nothing",
        || without_source(checkout),
    );
    checks.run("a bad placeholder stops it and leaves nothing", || {
        bad_placeholder(checkout)
    });
    checks.run("a taken folder stops it and is left alone", || {
        taken(checkout)
    });
    checks.run(
        "inside another workspace it works and touches nothing there",
        || inside_workspace(checkout),
    );
    checks.run(
        "the plain command inside a workspace adds a member that builds",
        || joins_workspace(checkout),
    );
    checks.run(
        "without jobs nothing is left of them, and it builds",
        || without_jobs(checkout),
    );
    checks.run("from a git URL it works and builds", || from_git(checkout));
}

fn generation<'a>(destination: &'a Path, source: Source) -> Generation<'a> {
    Generation {
        name: "shop",
        database: "sqlite",
        redis: false,
        grpc: false,
        jobs: true,
        destination,
        source,
        around: Around::Untouched,
    }
}

fn without_source(checkout: &Checkout) -> Result<()> {
    let around = tempfile::tempdir()?;
    let wanted = generation(around.path(), Source::Nowhere(checkout.clone()));
    expect_refusal(&wanted, "belvedere_path")?;
    expect_empty(around.path())
}

fn bad_placeholder(checkout: &Checkout) -> Result<()> {
    let around = tempfile::tempdir()?;
    let wanted = Generation {
        database: "oracle",
        ..generation(around.path(), Source::Checkout(checkout.clone()))
    };
    expect_refusal(&wanted, "oracle")?;
    expect_empty(around.path())
}

fn taken(checkout: &Checkout) -> Result<()> {
    let around = tempfile::tempdir()?;
    let mine = around.path().join("shop");
    fs::create_dir(&mine)?;
    fs::write(mine.join("mine"), "x")?;
    let wanted = generation(around.path(), Source::Checkout(checkout.clone()));
    expect_refusal(&wanted, "is taken")?;
    let files = sync::files(around.path())?;
    ensure!(
        files == [mine.join("mine")],
        "the taken folder holds {files:?} now"
    );
    Ok(())
}

fn expect_refusal(wanted: &Generation<'_>, names: &str) -> Result<()> {
    let Err(error) = wanted.run() else {
        bail!("it generated {} all the same", wanted.name);
    };
    let told = format!("{error:#}");
    ensure!(
        told.lines().count() == 1,
        "it said more than one line: {told}"
    );
    ensure!(told.contains(names), "it does not name `{names}`: {told}");
    Ok(())
}

fn expect_empty(folder: &Path) -> Result<()> {
    let left = fs::read_dir(folder)?.flatten().next();
    match left {
        Some(entry) => bail!("{} is left behind", entry.path().display()),
        None => Ok(()),
    }
}

fn inside_workspace(checkout: &Checkout) -> Result<()> {
    let around = workspace()?;
    let folder = generation(around.path(), Source::Checkout(checkout.clone())).run()?;
    let manifest = fs::read_to_string(around.path().join("Cargo.toml"))?;
    ensure!(
        manifest == WORKSPACE,
        "the workspace's Cargo.toml was edited"
    );
    resolves(checkout, &folder)?;
    resolves(checkout, around.path())
}

/// cargo-generate without a word about workspaces, as a reader of the README calls it.
fn joins_workspace(checkout: &Checkout) -> Result<()> {
    let around = workspace()?;
    let wanted = Generation {
        around: Around::Joined,
        ..generation(around.path(), Source::Checkout(checkout.clone()))
    };
    let folder = wanted.run()?;
    resolves(checkout, &folder)?;
    resolves(checkout, around.path()).context("the workspace around it is broken now")
}

fn workspace() -> Result<TempDir> {
    let around = tempfile::tempdir()?;
    let member = around.path().join("member");
    fs::create_dir_all(member.join("src"))?;
    fs::write(around.path().join("Cargo.toml"), WORKSPACE)?;
    fs::write(
        member.join("Cargo.toml"),
        "[package]\nname = \"member\"\nedition = \"2024\"\n",
    )?;
    fs::write(member.join("src/lib.rs"), "")?;
    Ok(around)
}

fn resolves(checkout: &Checkout, folder: &Path) -> Result<()> {
    let mut metadata = cargo(folder, &checkout.target());
    metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
    command::capture(&mut metadata).map(drop)
}

fn without_jobs(checkout: &Checkout) -> Result<()> {
    let around = tempfile::tempdir()?;
    let wanted = Generation {
        name: "idle-preset",
        jobs: false,
        ..generation(around.path(), Source::Checkout(checkout.clone()))
    };
    let folder = wanted.run()?;
    for path in sync::files(&folder)? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let relative = path.strip_prefix(&folder)?;
        ensure!(
            is_operators(relative) || !name.contains("jobs"),
            "{} is left",
            relative.display()
        );
    }
    for args in [
        &["fmt", "--check"][..],
        &["clippy", "--all-targets", "--", "-D", "warnings"],
    ] {
        command::capture(cargo(&folder, &checkout.target()).args(args))?;
    }
    Ok(())
}

/// Rules and tests of alerts are the same in all services.
fn is_operators(relative: &Path) -> bool {
    ["ops", "runbooks"]
        .iter()
        .any(|folder| relative.starts_with(folder))
}

fn from_git(checkout: &Checkout) -> Result<()> {
    let url = format!("file://{}", snapshot(checkout)?.display());
    let around = tempfile::tempdir()?;
    let wanted = Generation {
        name: "git-preset",
        ..generation(around.path(), Source::Git(url.clone()))
    };
    let folder = wanted.run()?;
    let manifest = fs::read_to_string(folder.join("Cargo.toml"))?;
    ensure!(manifest.contains(&url), "the manifest does not name {url}");
    let mut build = cargo(&folder, &checkout.target());
    build.arg("build");
    command::capture(&mut build).map(drop)
}

/// The checkout as it is on disk, as a repository of its own: what is not committed yet is tested too.
/// Always in the same place, so that cargo's cache of it does not grow with every run.
fn snapshot(checkout: &Checkout) -> Result<PathBuf> {
    let copy = checkout.target().join("template-test/snapshot");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    fs::create_dir_all(&copy)?;
    let listed = git(
        checkout.root(),
        &["ls-files", "--cached", "--others", "--exclude-standard"],
    )?;
    for file in listed.lines() {
        copy_file(&checkout.root().join(file), &copy.join(file))?;
    }
    git(&copy, &["init", "--quiet", "--initial-branch=main"])?;
    git(&copy, &["add", "--all", "--force"])?;
    git(
        &copy,
        &["commit", "--quiet", "--no-verify", "--message=snapshot"],
    )?;
    Ok(copy)
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    if from.is_symlink() {
        return Ok(std::os::unix::fs::symlink(fs::read_link(from)?, to)?);
    }
    if from.is_file() {
        fs::copy(from, to).with_context(|| format!("could not copy {}", from.display()))?;
    }
    Ok(())
}

fn git(folder: &Path, args: &[&str]) -> Result<String> {
    let mut git = Command::new("git");
    git.current_dir(folder)
        .args([
            "-c",
            "user.name=snapshot",
            "-c",
            "user.email=snapshot@localhost",
        ])
        .args([
            "-c",
            "commit.gpgsign=false",
            "-c",
            "core.hooksPath=/dev/null",
        ])
        .args(args);
    Ok(command::capture(&mut git)?.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_links_are_copied_as_they_are() {
        let root = tempfile::tempdir().unwrap();
        let (from, copy) = (root.path().join("from"), root.path().join("copy"));
        fs::create_dir_all(from.join("a")).unwrap();
        fs::create_dir(&copy).unwrap();
        fs::write(from.join("a/new.rs"), "x").unwrap();
        std::os::unix::fs::symlink("a", from.join("link")).unwrap();
        for file in ["a/new.rs", "link", "gone.rs"] {
            copy_file(&from.join(file), &copy.join(file)).unwrap();
        }
        assert!(copy.join("link").is_symlink());
        assert_eq!(fs::read_to_string(copy.join("link/new.rs")).unwrap(), "x");
        assert!(!copy.join("gone.rs").exists());
    }

    #[test]
    fn what_is_left_behind_is_named() {
        let folder = tempfile::tempdir().unwrap();
        expect_empty(folder.path()).unwrap();
        fs::create_dir(folder.path().join("shop")).unwrap();
        assert!(
            expect_empty(folder.path())
                .unwrap_err()
                .to_string()
                .contains("/shop is left")
        );
    }
}
