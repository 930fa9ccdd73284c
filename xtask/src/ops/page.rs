//! The transcript that docs/ONCALL.md shows, held against the alerts and the runbook that it is of.

use std::fs;

use anyhow::{Context, Result};

use super::Ops;
use super::rules::Rules;
use super::runbook::{Block, Runbook};

const PAGE: &str = "docs/ONCALL.md";

/// A heading of the transcript, and the commands below it.
struct Step<'p> {
    said: &'p str,
    commands: String,
}

pub(super) fn check(ops: &Ops, rules: &Rules, text: &str) -> Result<Vec<String>> {
    let transcript = text.split("```text\n   0.0 s").nth(1);
    let transcript = transcript.with_context(|| format!("{PAGE} shows no transcript"))?;
    let transcript = transcript.split("```").next().unwrap_or_default();
    let steps = steps(transcript);
    let mut found = Vec::new();
    let mut told = steps
        .iter()
        .filter_map(|step| step.said.strip_prefix("page: "));
    let alert = told.next().and_then(|told| told.split(':').next());
    let alert = alert.with_context(|| format!("{PAGE}: nobody is paged"))?;
    if !rules.alerts().any(|(name, _)| name == alert) {
        found.push(format!("{PAGE}: there is no alert {alert}"));
    }
    let file = format!("runbooks/{alert}.md");
    if !transcript.contains(&file) || !text.contains(&format!("(../template/{file})")) {
        found.push(format!("{PAGE}: the runbook has to be {file}"));
    }
    let Ok(text) = fs::read_to_string(ops.template.join(&file)) else {
        found.push(format!("{PAGE}: there is no {file}"));
        return Ok(found);
    };
    let runbook = Runbook::parse(&text)?;
    let faults = steps
        .iter()
        .filter_map(|step| step.fault(&runbook))
        .map(|fault| format!("{PAGE}: {file} {fault}"));
    found.extend(faults);
    Ok(found)
}

/// `   2.5 s  what is said`, and below it the lines that begin with `$`.
fn steps(transcript: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for line in transcript.lines() {
        if let Some((_, said)) = line.split_once(" s  ")
            && line.starts_with("  ")
            && !line.starts_with("        ")
        {
            let commands = String::new();
            steps.push(Step { said, commands });
        } else if let (Some(command), Some(step)) =
            (line.strip_prefix("        $ "), steps.last_mut())
        {
            step.commands.push_str(command);
            step.commands.push('\n');
        }
    }
    steps
}

impl Step<'_> {
    fn fault(&self, runbook: &Runbook) -> Option<String> {
        let (what, answer) = self.said.rsplit_once(": ")?;
        if answer != "yes" && answer != "no" {
            return None;
        }
        let Some(block) = block(runbook, what) else {
            return Some(format!("has no `{what}`"));
        };
        let is_as_shown = self.commands.is_empty() || self.commands == block.text;
        (!is_as_shown).then(|| format!("has other commands below `{what}`"))
    }
}

/// `Confirm`, or `Diagnose cause`.
fn block<'r>(runbook: &'r Runbook, what: &str) -> Option<&'r Block> {
    let (section, cause) = what.split_once(' ').unwrap_or((what, ""));
    let section = runbook.section(section)?;
    let blocks = match cause {
        "" => &section.blocks,
        cause => &section.causes.iter().find(|it| it.id == cause)?.blocks,
    };
    blocks.iter().find(|block| !block.is_undo)
}
