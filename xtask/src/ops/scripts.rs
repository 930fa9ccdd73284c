//! Runbooks as a shell sees them: each becomes a script whose lines are those of the Markdown.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::Ops;
use super::runbook::Runbook;
use super::runbooks::paths;
use crate::run::command;

/// What `sh -n` and shellcheck refuse, by runbook and line.
pub(super) fn check(ops: &Ops) -> Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let scripts = write(ops, folder.path())?;
    let mut found = Vec::new();
    for script in &scripts {
        let mut shell = Command::new("sh");
        shell.arg("-n").arg(script);
        found.extend(refusals(&mut shell, folder.path())?);
    }
    let mut shellcheck = Command::new("shellcheck");
    shellcheck
        .args(["--shell=sh", "--format=gcc"])
        .args(&scripts);
    found.extend(refusals(&mut shellcheck, folder.path())?);
    Ok(found)
}

fn refusals(program: &mut Command, folder: &Path) -> Result<Vec<String>> {
    let output = command::run(program)?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let printed = command::Printed::from(output).all();
    let folder = format!("{}/", folder.display());
    let lines = printed.lines().filter(|line| !line.is_empty());
    Ok(lines
        .map(|line| format!("runbooks/{}", line.replace(&folder, "")))
        .collect())
}

fn write(ops: &Ops, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut scripts = Vec::new();
    for path in paths(ops)? {
        let name = path.file_name().unwrap_or_default();
        // How to read runbooks is told beside them, and is none.
        if name == "README.md" {
            continue;
        }
        let script = folder.join(name);
        let lines = fs::read_to_string(&path)?.lines().count();
        fs::write(&script, as_script(&Runbook::read(&path)?, lines))?;
        scripts.push(script);
    }
    Ok(scripts)
}

/// The set-up runs as it is, every other block in a shell of its own.
fn as_script(runbook: &Runbook, lines: usize) -> String {
    let mut script = vec![String::new(); lines];
    for (number, block) in runbook.blocks().enumerate() {
        let (open, close) = if number == 0 { ("{", "}") } else { ("(", ")") };
        open.clone_into(&mut script[block.line - 1]);
        for (offset, line) in block.text.lines().enumerate() {
            line.clone_into(&mut script[block.line + offset]);
        }
        close.clone_into(&mut script[block.end() - 1]);
    }
    script.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_has_the_lines_of_its_runbook() {
        let text = "# A\n\n```sh\nx=1\n```\n## Confirm\n```sh\ntrue\nfalse\n```\n";
        let script = as_script(&Runbook::parse(text).unwrap(), text.lines().count());
        assert_eq!(script, "\n\n{\nx=1\n}\n\n(\ntrue\nfalse\n)\n");
    }
}
