//! One drill, from a healthy service to a healthy service.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::orders::COMMANDS;
use super::report::Row;
use super::shell::{Answer, Shell};
use super::stack::{SERVICE, Stack};
use super::table::Drill;
use super::transcript::Transcript;
use crate::interrupt;

/// How long nothing but the watchdog fires before a fault.
const HEALTHY: Duration = Duration::from_secs(20);
/// An hour, and somewhat more than the window that is looked back over.
const AN_HOUR: Duration = Duration::from_secs(66);
/// How long the traces of a fault may be seen.
const HEALED: Duration = Duration::from_secs(150);
/// A fault that is not told by then is told too late: the longest `for`, ten minutes, and the longest window are over.
const FIRES: Duration = Duration::from_secs(150);
/// The same for its end.
const RESOLVES: Duration = Duration::from_secs(150);
/// From the page to the first question: five minutes, like all else a sixtieth.
const ON_THE_WAY: Duration = Duration::from_secs(5);
/// As the runbook says: ask again in a minute.
const AGAIN: Duration = Duration::from_secs(1);

pub(super) fn drill(stack: &mut Stack, drill: &Drill) -> Result<(Row, Transcript)> {
    stack.site.heal()?;
    stack.watch_anew()?;
    let quiet = if drill.after_an_hour {
        AN_HOUR
    } else {
        HEALTHY
    };
    stack.wait_until_healthy(quiet, HEALED)?;
    let begun = Instant::now();
    let mut seen = Transcript::begin(begun);
    let log = fs::metadata(stack.site.service.log())?.len();
    let fault = (drill.inject)(&stack.site)?;
    seen.say(Instant::now(), "the fault is there");
    let note = stack.desk.wait_for_firing(drill.alert, begun, FIRES)?;
    let note = note.with_context(|| format!("it did not fire within {FIRES:?}"))?;
    seen.page(&note);
    interrupt::pause(ON_THE_WAY)?;
    let mut shell = Shell::read(&note.said.runbook_url, &stack.site.service.folder)?;
    shell.env = variables(stack, drill, log);
    diagnose(&shell, drill, &mut seen)?;
    let over = stack.desk.is_over(drill.alert);
    ensure!(!over, "it was over before anything was done about it");
    let found = Instant::now();
    must_match(&shell.mitigate(drill.cause)?, &mut seen)?;
    if drill.others_mend {
        stack.site.end_plague();
    }
    verify(&shell, &mut seen)?;
    let resolved = stack.desk.wait_for_resolved(drill.alert, RESOLVES)?;
    let resolved = resolved.with_context(|| format!("it did not resolve within {RESOLVES:?}"))?;
    seen.say(resolved, format_args!("resolved: {}", drill.alert));
    drop(fault);
    let row = Row {
        alert: drill.alert,
        cause: drill.shown(),
        way: note.way,
        fired: note.at.duration_since(begun),
        resolved: resolved.saturating_duration_since(found),
    };
    Ok((row, seen))
}

/// Confirm matches, and of all causes the injected one alone.
fn diagnose(shell: &Shell, drill: &Drill, seen: &mut Transcript) -> Result<()> {
    must_match(&shell.section("Confirm")?, seen)?;
    let (matching, answers) = shell.diagnose()?;
    answers.iter().for_each(|answer| seen.ran(answer));
    let told: String = answers
        .iter()
        .map(|answer| format!("      {}", answer.told()))
        .collect();
    ensure!(
        matching == [drill.cause],
        "Diagnose names {matching:?}, not {}:\n{told}",
        drill.cause
    );
    Ok(())
}

fn must_match(answer: &Answer, seen: &mut Transcript) -> Result<()> {
    seen.ran(answer);
    ensure!(answer.matches, "{}", answer.told());
    Ok(())
}

fn verify(shell: &Shell, seen: &mut Transcript) -> Result<()> {
    let deadline = Instant::now() + RESOLVES;
    loop {
        let answer = shell.section("Verify")?;
        if answer.matches {
            seen.ran(&answer);
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{}", answer.told());
        interrupt::pause(AGAIN)?;
    }
}

/// What the on-call would have set.
fn variables(stack: &Stack, drill: &Drill, log: u64) -> BTreeMap<String, String> {
    let site = &stack.site;
    let service = &site.service;
    let lines = format!("tail -c +{} {}", log + 1, service.log().display());
    let pid = service.pid().map_or(0, |pid| pid.as_raw_nonzero().get());
    let alertmanager = format!("http://{}", stack.watch().alertmanager.address);
    let fixed = [
        ("SERVICE", SERVICE.to_owned()),
        ("W", "5s".to_owned()),
        (
            "PROM",
            format!("http://{}", stack.watch().prometheus.address()),
        ),
        ("ALERTMANAGER", alertmanager),
        ("ADMIN", format!("http://{}", service.admin)),
        ("LOCAL", format!("http://{}", service.http)),
        ("PUBLIC", format!("http://{}", service.http)),
        ("PORT", service.http.port().to_string()),
        ("LOGS", lines),
        ("STATE", format!("ps -o pid,stat,args -p {pid}")),
        ("DATABASE_URL", site.postgres.url()),
        ("REDIS_URL", site.redis().url()),
        ("UPSTREAM_URL", site.gateway.url()),
        ("REPLICAS", service.admin.to_string()),
    ];
    let orders = COMMANDS.map(|(name, order)| (name, stack.desk.command(order)));
    let own = drill
        .with
        .iter()
        .map(|(name, value)| (*name, meant(stack, value)));
    let all = fixed.into_iter().chain(orders).chain(own);
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn meant(stack: &Stack, value: &str) -> String {
    match value.strip_prefix("do:") {
        Some(order) => stack.desk.command(order),
        None if value == "admin-url" => stack.site.postgres.admin_url(),
        None => value.to_owned(),
    }
}
