//! Commands whose failure says what failed.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

use crate::interrupt;

/// Variables that `cargo run` sets for this program. A cargo started from here must not see them:
/// build scripts that watch one of them would run, and rebuild what depends on them, each time.
const SET_BY_CARGO: [&str; 6] = [
    "CARGO",
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PRIMARY_PACKAGE",
];

/// The user's cargo in `folder`, as if called from a shell.
pub(crate) fn cargo(folder: &Path, target: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(folder);
    clean_of_cargo(&mut command);
    command.env("CARGO_TARGET_DIR", target);
    command.env("CARGO_TERM_COLOR", "never");
    command
}

/// Takes away what `cargo run` added to the environment.
pub(crate) fn clean_of_cargo(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || SET_BY_CARGO.contains(&name.as_str()) {
            command.env_remove(name);
        }
    }
}

/// Runs to the end and captures; a failure carries all that was printed.
pub(crate) fn capture(command: &mut Command) -> Result<Printed> {
    let output = run(command)?;
    let (success, printed) = (output.status.success(), Printed::from(output));
    if !success {
        interrupt::check()?;
        bail!("`{}` failed:\n{}", shown(command), printed.all());
    }
    Ok(printed)
}

/// Runs to the end and captures, whatever the outcome.
pub(crate) fn run(command: &mut Command) -> Result<Output> {
    interrupt::check()?;
    let output = command.output();
    output.with_context(|| format!("could not run `{}`", shown(command)))
}

/// Runs with the terminal's own output.
pub(crate) fn stream(command: &mut Command) -> Result<()> {
    interrupt::check()?;
    let status = command.status();
    let status = status.with_context(|| format!("could not run `{}`", shown(command)))?;
    if !status.success() {
        interrupt::check()?;
        bail!("`{}` failed: {status}", shown(command));
    }
    Ok(())
}

/// What a program printed, by stream.
#[derive(Debug, Default)]
pub(crate) struct Printed {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Printed {
    /// Both streams, one after the other.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl From<Output> for Printed {
    fn from(output: Output) -> Self {
        Self {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The command line, for people.
pub(crate) fn shown(command: &Command) -> String {
    let program = command.get_program();
    let words: Vec<_> = std::iter::once(program)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_and_what_it_said() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo why >&2; exit 3"]);
        let error = capture(&mut command).unwrap_err().to_string();
        assert!(error.contains("sh -c"), "{error}");
        assert!(error.contains("out\nwhy"), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = capture(&mut Command::new("no-such-program")).unwrap_err();
        assert!(error.to_string().contains("no-such-program"));
    }
}
