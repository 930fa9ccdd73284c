//! Every runbook against its form, the alerts, the metrics and the files that it speaks of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Ops;
use super::names::Known;
use super::promql::Query;
use super::rules::Rules;
use super::runbook::{Block, Runbook, SECTIONS, Section};

/// Who is paged has not yet read more than this when there is something to paste.
const LINES_TO_THE_FIRST_QUESTION: usize = 20;
/// Endings by which a word is held for a metric.
const ENDINGS: [&str; 5] = ["_total", "_seconds", "_bytes", "_ratio", "_bucket"];
/// Words that end so and are none.
const NO_METRICS: [&str; 1] = ["ttl_seconds"];
/// A file that is written where the service is deployed.
const WRITTEN_LATER: &str = "ops/prometheus/targets/service.yml";

pub(super) fn check(ops: &Ops, rules: &Rules, known: &Known) -> Result<Vec<String>> {
    let readme = ops.runbooks().join("README.md");
    let setup = first_block(&fs::read_to_string(&readme)?);
    let alerts: BTreeSet<_> = rules.alerts().map(|(alert, _)| alert).collect();
    let mut found = Vec::new();
    for path in paths(ops)? {
        let shown = ops.shown(&path);
        let text = fs::read_to_string(&path)?;
        let mut faults = text_faults(ops, &text, known);
        if path != readme {
            faults.extend(match Runbook::parse(&text) {
                Ok(runbook) => form_faults(&runbook, &setup, &alerts, &path),
                Err(error) => vec![format!("{error:#}")],
            });
        }
        found.extend(faults.into_iter().map(|fault| format!("{shown}: {fault}")));
    }
    Ok(found)
}

/// The runbooks and how to read them.
pub(super) fn paths(ops: &Ops) -> Result<Vec<PathBuf>> {
    let mut found: Vec<_> = fs::read_dir(ops.runbooks())?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    found.sort();
    Ok(found)
}

fn first_block(text: &str) -> String {
    let block = text.split("```sh\n").nth(1).unwrap_or_default();
    block.split("```").next().unwrap_or_default().to_owned()
}

fn form_faults(
    runbook: &Runbook,
    setup: &str,
    alerts: &BTreeSet<&str>,
    path: &Path,
) -> Vec<String> {
    let mut found = Vec::new();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if runbook.title != stem {
        found.push(format!(
            "its title is `{}`, its name `{stem}`",
            runbook.title
        ));
    }
    if !alerts.contains(stem.as_ref()) {
        found.push("there is no such alert".to_owned());
    }
    let named: Vec<_> = runbook
        .sections
        .iter()
        .map(|section| section.name.as_str())
        .collect();
    if named != SECTIONS {
        found.push(format!(
            "its sections have to be {}; they are {}",
            SECTIONS.join(", "),
            named.join(", ")
        ));
        return found;
    }
    match runbook.setup.as_slice() {
        [block] if block.text == setup => {}
        _ => found.push("it has to begin with the set-up of README.md, as it is".to_owned()),
    }
    found.extend(
        ["Confirm", "Verify"]
            .iter()
            .filter_map(|name| one_block(runbook.section(name)?)),
    );
    found.extend(distance_fault(runbook));
    found.extend(cause_faults(runbook));
    found.extend(runbook.blocks().flat_map(block_faults));
    found
}

fn one_block(section: &Section) -> Option<String> {
    let Section {
        name,
        line,
        blocks,
        causes,
    } = section;
    (blocks.len() != 1 || !causes.is_empty())
        .then(|| format!("line {line}: {name} has to have one block"))
}

fn distance_fault(runbook: &Runbook) -> Option<String> {
    let from = runbook.setup.first()?.end();
    let to = runbook.section("Confirm")?.blocks.first()?.line;
    (to - from > LINES_TO_THE_FIRST_QUESTION).then(|| {
        format!(
            "line {to}: the first question comes {} lines after the set-up; 20 are allowed",
            to - from
        )
    })
}

fn cause_faults(runbook: &Runbook) -> Vec<String> {
    let (Some(diagnose), Some(mitigate)) =
        (runbook.section("Diagnose"), runbook.section("Mitigate"))
    else {
        return Vec::new();
    };
    let ids = |section: &Section| {
        section
            .causes
            .iter()
            .map(|cause| cause.id.clone())
            .collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    if ids(diagnose).is_empty() || ids(diagnose) != ids(mitigate) {
        found.push("Diagnose and Mitigate have to have the same causes, in one order".to_owned());
    }
    for cause in diagnose.causes.iter().chain(&mitigate.causes) {
        if cause.blocks.iter().filter(|block| !block.is_undo).count() != 1 {
            found.push(format!(
                "line {}: {} has to have one block",
                cause.line, cause.id
            ));
        }
    }
    for cause in &mitigate.causes {
        let lacking = ["Risk: ", "Undo: "]
            .into_iter()
            .filter(|word| !cause.text.lines().any(|line| line.starts_with(word)));
        found.extend(lacking.map(|word| {
            format!(
                "line {}: {} tells no {}",
                cause.line,
                cause.id,
                word.trim_end_matches(": ")
            )
        }));
    }
    found
}

/// What is right as shell and wrong all the same.
fn block_faults(block: &Block) -> Vec<String> {
    let Block { line, text, .. } = block;
    let mut found = Vec::new();
    if text.contains("jq -e") {
        found.push(format!(
            "line {line}: `jq -e` succeeds on nothing in some versions; use `grep -q true`"
        ));
    }
    let kills = ["pg_terminate_backend", "pg_cancel_backend"]
        .iter()
        .any(|call| text.contains(call));
    if kills {
        let lacking = [
            "KILL",
            "datname =",
            "usename =",
            "state_change",
            "pid <> pg_backend_pid()",
        ];
        let lacking = lacking.iter().filter(|word| !text.contains(**word));
        found.extend(lacking.map(|word| format!("line {line}: it ends sessions without `{word}`")));
        let first = text.lines().find(|line| line.contains("sql \""));
        if first.is_some_and(|line| line.contains("KILL") || line.contains("_backend(pid)")) {
            found.push(format!(
                "line {line}: it ends sessions before it has shown them"
            ));
        }
        if text.contains("query_start") {
            found.push(format!(
                "line {line}: `query_start` of a healthy pooled session is old: use `state_change`"
            ));
        }
    }
    found
}

/// Metrics, links, files and left-overs, wherever they stand.
fn text_faults(ops: &Ops, text: &str, known: &Known) -> Vec<String> {
    let mut found = Vec::new();
    for question in questions(text) {
        found.extend(Query::parse(question).faults(known));
    }
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    let words: BTreeSet<_> = words.map(|word| word.trim_matches(':')).collect();
    for word in &words {
        let is_metric = ENDINGS.iter().any(|ending| word.ends_with(ending))
            && word.starts_with(|c: char| c.is_ascii_lowercase());
        if is_metric && !known.is_metric(word) && !NO_METRICS.contains(word) {
            found.push(format!("nobody exports `{word}`"));
        }
    }
    let left = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["TB", "D"].concat(),
    ];
    found.extend(
        left.iter()
            .filter(|word| words.contains(word.as_str()))
            .map(|word| format!("a {word}")),
    );
    found.extend(
        links(text)
            .filter(|link| !ops.runbooks().join(link).exists())
            .map(|link| format!("a dead link: {link}")),
    );
    found.extend(
        files(text)
            .filter(|file| !ops.template.join(file).exists())
            .map(|file| format!("no such file: {file}")),
    );
    found
}

/// What stands in `ask "..."`.
fn questions(text: &str) -> impl Iterator<Item = &str> {
    text.split("ask \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
}

/// Targets of Markdown links into this repository, without their anchors.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let inside = targets.filter(|target| !target.contains("://"));
    inside.map(|target| target.split('#').next().unwrap_or_default())
}

/// Files of the template that are named in backticks.
fn files(text: &str) -> impl Iterator<Item = &str> {
    let named = text
        .match_indices("`ops/")
        .filter_map(|(at, _)| text[at + 1..].split('`').next());
    named.filter(|file| *file != WRITTEN_LATER)
}
