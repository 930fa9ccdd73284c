//! FastAPI and what it is seen by, in an environment of its own below the target directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::build::Built;
use crate::checkout::Checkout;
use crate::run::command;
use crate::run::step;

/// What was installed last: nothing is fetched again while it is the same.
const STAMP: &str = "installed.txt";

/// Makes sure of it; how the application is started, but for its port.
pub(crate) fn install(checkout: &Checkout) -> Result<Built> {
    let folder = checkout.benches().join("fastapi");
    let environment = environment(checkout);
    let wanted = fs::read_to_string(folder.join("requirements.txt"))?;
    let stamp = environment.join(STAMP);
    if fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
        fetch(&environment, &folder)?;
        fs::write(stamp, wanted)?;
    }
    let args = ["app:app", "--loop", "uvloop", "--http", "httptools"];
    let quiet = ["--no-access-log", "--log-level", "warning"];
    Ok(Built {
        program: environment.join("bin/uvicorn"),
        args: args.into_iter().chain(quiet).map(str::to_owned).collect(),
        folder,
    })
}

fn environment(checkout: &Checkout) -> PathBuf {
    checkout.target().join("bench/fastapi")
}

fn fetch(environment: &Path, folder: &Path) -> Result<()> {
    step("fetching FastAPI and its companions from Python's registry");
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(environment);
    command::capture(&mut venv).context("Python 3 with its venv module is needed")?;
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(folder.join("requirements.txt"));
    command::capture(&mut pip).map(drop)
}
