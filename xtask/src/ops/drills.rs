//! Every alert is drilled, or says why not; every drill is of a cause that its runbook knows.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Ops;
use super::rules::Rules;
use super::runbook::Runbook;
use crate::drill::{causes_drilled, not_drilled};

pub(super) fn check(ops: &Ops, rules: &Rules) -> Result<Vec<String>> {
    let alerts: BTreeSet<_> = rules.alerts().map(|(alert, _)| alert).collect();
    let drilled: BTreeSet<_> = causes_drilled().map(|(alert, _)| alert).collect();
    let excused: BTreeSet<_> = not_drilled().map(|(alert, _)| alert).collect();
    let mut found = Vec::new();
    for alert in &alerts {
        match (drilled.contains(alert), excused.contains(alert)) {
            (false, false) => found.push(format!(
                "{alert}: no drill, and no reason in xtask/src/drill/table.rs why there is none"
            )),
            (true, true) => found.push(format!(
                "{alert}: it is drilled, and a reason is given why it is not"
            )),
            _ => {}
        }
    }
    let gone = drilled
        .union(&excused)
        .filter(|alert| !alerts.contains(*alert));
    found.extend(gone.map(|alert| format!("xtask/src/drill/table.rs: there is no alert {alert}")));
    found.extend(unknown_causes(ops)?);
    Ok(found)
}

fn unknown_causes(ops: &Ops) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (alert, cause) in causes_drilled() {
        let path = ops.runbooks().join(format!("{alert}.md"));
        // Without a runbook, and with one of another form, more is wrong, and told elsewhere.
        let Ok(runbook) = Runbook::read(&path) else {
            continue;
        };
        let diagnose = runbook.section("Diagnose");
        let mut known = diagnose.iter().flat_map(|section| &section.causes);
        if !known.any(|it| it.id == cause) {
            found.push(format!(
                "runbooks/{alert}.md: there is no cause `{cause}`, which is drilled"
            ));
        }
    }
    Ok(found)
}
