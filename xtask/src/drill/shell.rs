//! Runs a runbook's blocks as the on-call would: the set-up, one block, `sh`, and the exit code is the answer.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use super::scale;
use crate::interrupt;
use crate::ops::runbook::{Block, Runbook, Section};

/// Longer than the longest time limit that a set-up's function has, and a restart.
const LIMIT: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);

/// A runbook to be gone through.
pub(super) struct Shell<'a> {
    pub(super) runbook: Runbook,
    pub(super) folder: &'a Path,
    pub(super) env: BTreeMap<String, String>,
}

/// What a block answered.
pub(super) struct Answer {
    pub(super) matches: bool,
    /// Its section, and its cause.
    pub(super) what: String,
    /// Where it begins in the runbook.
    line: usize,
    pub(super) text: String,
    /// What it printed, for people.
    pub(super) words: String,
    /// When it had ended.
    pub(super) at: Instant,
    status: ExitStatus,
}

impl Answer {
    pub(super) fn told(&self) -> String {
        let Self {
            what,
            line,
            words,
            status,
            ..
        } = self;
        format!("{what} (line {line}) -> {status}\n{words}")
    }
}

impl<'a> Shell<'a> {
    /// The runbook that an alert's link leads to.
    pub(super) fn read(url: &str, folder: &'a Path) -> Result<Self> {
        Ok(Self {
            runbook: Runbook::read(&PathBuf::from(url))?,
            folder,
            env: BTreeMap::new(),
        })
    }

    /// The one block of Confirm or Verify.
    pub(super) fn section(&self, name: &str) -> Result<Answer> {
        let section = self.part(name)?;
        let block = section
            .blocks
            .first()
            .with_context(|| format!("{name} has no block"))?;
        self.run(block, name)
    }

    /// The causes that match, and what each said.
    pub(super) fn diagnose(&self) -> Result<(Vec<String>, Vec<Answer>)> {
        let mut matching = Vec::new();
        let mut answers = Vec::new();
        for cause in &self.part("Diagnose")?.causes {
            let block = cause.blocks.first().context("a cause without a block")?;
            let answer = self.run(block, &format!("Diagnose {}", cause.id))?;
            if answer.matches {
                matching.push(cause.id.clone());
            }
            answers.push(answer);
        }
        Ok((matching, answers))
    }

    pub(super) fn mitigate(&self, cause: &str) -> Result<Answer> {
        let mut causes = self.part("Mitigate")?.causes.iter();
        let cause = causes
            .find(|it| it.id == cause)
            .with_context(|| format!("Mitigate has no `{cause}`"))?;
        let mut blocks = cause.blocks.iter().filter(|block| !block.is_undo);
        let block = blocks.next().context("a cause without a block")?;
        self.run(block, &format!("Mitigate {}", cause.id))
    }

    fn part(&self, name: &str) -> Result<&Section> {
        let section = self.runbook.section(name);
        section.with_context(|| format!("the runbook has no {name}"))
    }

    fn run(&self, block: &Block, what: &str) -> Result<Answer> {
        let setup = self.runbook.setup.first().context("there is no set-up")?;
        let script = format!("{}\n{}", setup.text, scale::expression(&block.text));
        let printed = tempfile::NamedTempFile::new()?;
        let status = self.execute(&script, printed.as_file())?;
        let words = std::fs::read_to_string(printed.path()).unwrap_or_default();
        Ok(Answer {
            matches: status.success(),
            what: what.to_owned(),
            line: block.line,
            text: block.text.clone(),
            words: indented(&words),
            at: Instant::now(),
            status,
        })
    }

    fn execute(&self, script: &str, output: &File) -> Result<ExitStatus> {
        let mut child = Command::new("sh")
            .args(["-c", script])
            .current_dir(self.folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", std::env::var_os("HOME").unwrap_or_default())
            .envs(&self.env)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output.try_clone()?)
            .process_group(0)
            .spawn()?;
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline || interrupt::pause(LOOK).is_err() {
                let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
                let _ = group.map(|group| kill_process_group(group, Signal::KILL));
                child.wait()?;
                interrupt::check()?;
                bail!("a block ran for more than {LIMIT:?}:\n{script}");
            }
        }
    }
}

fn indented(words: &str) -> String {
    let lines: Vec<_> = words.lines().collect();
    let skipped = lines.len().saturating_sub(12);
    let shown = lines[skipped..].iter().map(|line| {
        let cut: String = line.chars().take(220).collect();
        format!("        | {cut}\n")
    });
    shown.collect()
}
