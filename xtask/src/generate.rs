//! Calling the real cargo-generate.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::checkout::Checkout;
use crate::run::command::{self, Printed, clean_of_cargo};
use crate::tools;

/// The databases a service can be generated for.
pub(crate) const DATABASES: [&str; 2] = ["sqlite", "postgres"];

/// Where the template comes from, and so where the service finds the crates.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// This checkout, by path.
    Checkout(Checkout),
    /// A repository, by URL.
    Git(String),
    /// This checkout's template, with no word about the crates.
    Nowhere(Checkout),
}

/// What becomes of a workspace that surrounds the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Around {
    /// It stays as it is: the service is a workspace of its own.
    Untouched,
    /// As cargo-generate does it unasked, and `cargo new`: the service becomes a member.
    Joined,
}

/// One service to be generated.
#[derive(Debug, Clone)]
pub(crate) struct Generation<'a> {
    pub(crate) name: &'a str,
    pub(crate) database: &'a str,
    /// Whether caches are shared.
    pub(crate) redis: bool,
    /// Whether it is called by gRPC, too.
    pub(crate) grpc: bool,
    /// Whether there is work outside of requests.
    pub(crate) jobs: bool,
    /// The folder that the service's own folder appears in.
    pub(crate) destination: &'a Path,
    pub(crate) source: Source,
    pub(crate) around: Around,
}

impl Generation<'_> {
    /// The folder of the service, or one line that says why there is none; then nothing is left behind.
    pub(crate) fn run(&self) -> Result<PathBuf> {
        let folder = self.destination.join(self.name);
        if folder.symlink_metadata().is_ok() {
            bail!(
                "{} is taken; choose another NAME or DEST, or move it away",
                folder.display()
            );
        }
        let made = Made::create(self.destination)?;
        match self.call() {
            Ok(()) => Ok(folder.canonicalize()?),
            Err(error) => {
                remove(&folder)?;
                made.remove()?;
                Err(error)
            }
        }
    }

    fn call(&self) -> Result<()> {
        let output = command::run(&mut self.command()?)?;
        if output.status.success() {
            return Ok(());
        }
        bail!("cargo-generate: {}", reason(&Printed::from(output)))
    }

    fn command(&self) -> Result<Command> {
        let mut command = Command::new(tools::find_or_install("cargo-generate")?);
        clean_of_cargo(&mut command);
        command.arg("generate");
        self.name_source(&mut command);
        command
            .args(["--name", self.name, "--silent"])
            .arg("--destination")
            .arg(self.destination)
            .args(["-d", &format!("database={}", self.database)])
            .args(["-d", &format!("redis={}", self.redis)])
            .args(["-d", &format!("grpc={}", self.grpc)])
            .args(["-d", &format!("jobs={}", self.jobs)]);
        if self.around == Around::Untouched {
            command.args(["--no-workspace", "-d", "standalone=true"]);
        }
        Ok(command)
    }

    fn name_source(&self, command: &mut Command) {
        match &self.source {
            Source::Checkout(checkout) => {
                let facade = checkout.facade();
                name_path(command, checkout);
                command.args(["-d", &format!("belvedere_path={}", facade.display())]);
            }
            Source::Nowhere(checkout) => name_path(command, checkout),
            Source::Git(url) => {
                command.args(["--git", url, "template"]);
                command.args(["-d", &format!("belvedere_git={url}")]);
            }
        }
    }
}

fn name_path(command: &mut Command, checkout: &Checkout) {
    command.arg("--path").arg(checkout.root()).arg("template");
}

/// The folders that had to be made for a destination.
#[derive(Debug)]
struct Made(Option<PathBuf>);

impl Made {
    fn create(destination: &Path) -> Result<Self> {
        let missing = destination.ancestors().take_while(|path| !path.exists());
        let topmost = missing.last().map(Path::to_owned);
        fs::create_dir_all(destination)
            .with_context(|| format!("could not make {}", destination.display()))?;
        Ok(Self(topmost.filter(|path| !path.as_os_str().is_empty())))
    }

    fn remove(self) -> Result<()> {
        self.0.map_or(Ok(()), |topmost| remove(&topmost))
    }
}

fn remove(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).with_context(|| format!("could not remove {}", folder.display()))
}

/// The one line of cargo-generate's output that says why.
fn reason(printed: &Printed) -> String {
    let all = printed.all();
    let lines: Vec<&str> = all.lines().map(bare).filter(|l| !l.is_empty()).collect();
    let told = all.lines().rfind(|line| line.contains('⛔')).map(bare);
    let detail = lines.iter().rfind(|line| line.contains("Runtime error: "));
    let chosen = detail.copied().or(told).or(lines.last().copied());
    let chosen = chosen.unwrap_or("it failed without a word");
    let chosen = chosen.rsplit("Runtime error: ").next().unwrap_or(chosen);
    match chosen.rfind(" (line ") {
        Some(end) => chosen[..end].to_owned(),
        None => chosen.to_owned(),
    }
}

/// Without the pictures in front.
fn bare(line: &str) -> &str {
    line.trim_start_matches(|c: char| !c.is_ascii())
        .trim_start()
        .trim_start_matches(|c: char| !c.is_ascii())
        .trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(stderr: &str) -> String {
        reason(&Printed {
            stdout: String::new(),
            stderr: stderr.to_owned(),
        })
    }

    #[test]
    fn the_reason_is_one_line_without_pictures() {
        let refused = "🔸   project-name: shop\n⛔   ⚠️   Sorry, \"oracle\" is not a valid value for database\n";
        assert_eq!(
            said(refused),
            "Sorry, \"oracle\" is not a valid value for database"
        );
        assert_eq!(said(""), "it failed without a word");
    }

    #[test]
    fn a_hook_that_stops_is_quoted_without_its_position() {
        let hook = "⛔   Failed executing script: pre.rhai\n\nCaused by:\n    Runtime error: pass -d belvedere_path=DIR (line 4, position 5)\n";
        assert_eq!(said(hook), "pass -d belvedere_path=DIR");
    }

    #[test]
    fn made_folders_go_and_found_ones_stay() {
        let around = tempfile::tempdir().unwrap();
        let made = Made::create(&around.path().join("a/b")).unwrap();
        made.remove().unwrap();
        assert!(around.path().exists());
        assert!(!around.path().join("a").exists());
        Made::create(around.path()).unwrap().remove().unwrap();
        assert!(around.path().exists());
    }

    #[test]
    fn a_taken_folder_is_named_and_left_alone() {
        let around = tempfile::tempdir().unwrap();
        fs::create_dir(around.path().join("shop")).unwrap();
        fs::write(around.path().join("shop/mine"), "x").unwrap();
        let generation = Generation {
            name: "shop",
            database: "sqlite",
            redis: false,
            grpc: false,
            jobs: false,
            destination: around.path(),
            source: Source::Git(String::new()),
            around: Around::Untouched,
        };
        let error = generation.run().unwrap_err().to_string();
        assert!(error.contains("/shop is taken"), "{error}");
        assert!(around.path().join("shop/mine").exists());
    }
}
