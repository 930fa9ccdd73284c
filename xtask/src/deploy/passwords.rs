//! `make ops/.env`: a password of its own for each folder, and one for every variable that is asked for.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::files::Files;
use super::stack;
use crate::run::command::{self, clean_of_cargo};

const FILE: &str = "ops/.env";
/// 16 random bytes, in hex.
const LENGTH: usize = 32;

pub(super) fn check(files: &Files) -> Result<Vec<String>> {
    let first = made(files)?;
    let mode = fs::metadata(files.path(FILE))?.permissions().mode() & 0o777;
    let kept = made(files)?;
    fs::remove_file(files.path(FILE))?;
    let second = made(files)?;
    fs::remove_file(files.path(FILE))?;
    let mut found = Vec::new();
    if mode != 0o600 {
        found.push(format!("others can read it: {mode:o}"));
    }
    if first != kept {
        found.push("it is written over, and the volumes keep the passwords before".to_owned());
    }
    for (name, password) in &first {
        if password.len() < LENGTH || second.get(name) == Some(password) {
            found.push(format!("{name} can be guessed"));
        }
    }
    let compose = files.text(stack::FILE)?;
    let asked = compose
        .split("${")
        .skip(1)
        .filter_map(|rest| rest.split(":?").next());
    let missing = asked.filter(|name| !first.contains_key(*name));
    found.extend(missing.map(|name| format!("{} asks for {name}", stack::FILE)));
    Ok(found.iter().map(|fault| files.fault(FILE, fault)).collect())
}

fn made(files: &Files) -> Result<BTreeMap<String, String>> {
    run_make(files.folder(), FILE)?;
    let text = files.text(FILE)?;
    let lines = text.lines().filter_map(|line| line.split_once('='));
    Ok(lines
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

/// A target of the service's own Makefile.
pub(super) fn run_make(folder: &Path, target: &str) -> Result<()> {
    let mut make = Command::new("make");
    clean_of_cargo(&mut make);
    // Nothing of the make that called this.
    for name in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS"] {
        make.env_remove(name);
    }
    make.args(["--silent", target]).current_dir(folder);
    command::capture(&mut make).map(drop)
}
