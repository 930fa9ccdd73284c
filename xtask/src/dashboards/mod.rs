//! Grafana's dashboards: written here in few words, shipped as JSON, and held against a Prometheus that scrapes a real service.

mod boards;
mod check;
mod draw;
mod drive;
mod file;
mod json;
mod live;
mod model;
mod node;
mod scene;
mod shelves;
mod svg;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

pub(crate) use self::live::check as check_live;

use crate::checkout::Checkout;
use crate::run::step;

const FOLDER: &str = "ops/grafana/dashboards";

/// `--write` writes the files anew, `--draw` the pictures of docs/dashboards, `--live` asks every question of a service that is
/// generated for it; else files and pictures are looked at.
pub(crate) fn run(checkout: &Checkout, args: &[String]) -> Result<()> {
    if args.iter().any(|arg| arg == "--draw") {
        return draw::run(checkout);
    }
    if args.iter().any(|arg| arg == "--live") {
        return live::run(checkout);
    }
    if args.iter().any(|arg| arg == "--write") {
        write(checkout)?;
    }
    step("dashboards: what they ask for, and what they leave out");
    let mut found = stale(checkout)?;
    found.extend(check::run(checkout, &checkout.template().join(FOLDER))?);
    found.extend(draw::stale(checkout)?);
    match found.is_empty() {
        true => Ok(()),
        false => bail!("{}", found.join("\n       ")),
    }
}

fn write(checkout: &Checkout) -> Result<()> {
    fs::create_dir_all(checkout.template().join(FOLDER))?;
    for (path, text) in files(checkout) {
        fs::write(path, text)?;
    }
    Ok(())
}

fn stale(checkout: &Checkout) -> Result<Vec<String>> {
    let stale = files(checkout)
        .into_iter()
        .filter(|(path, text)| !fs::read_to_string(path).is_ok_and(|found| found == *text));
    Ok(stale
        .map(|(path, _)| {
            let path = path.strip_prefix(checkout.root()).unwrap_or(&path).display().to_string();
            format!("{path} differs from xtask/src/dashboards; run `cargo run --bin xtask -- dashboards --write`")
        })
        .collect())
}

fn files(checkout: &Checkout) -> Vec<(PathBuf, String)> {
    let folder = checkout.template().join(FOLDER);
    let boards = boards::all();
    let files = boards.iter();
    files
        .map(|board| {
            (
                folder.join(format!("{}.json", board.name)),
                json::render(board),
            )
        })
        .collect()
}
