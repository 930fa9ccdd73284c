//! Alerts and their drills.

use super::*;

fn found(copy: &Copy) -> Vec<String> {
    crate::ops::drills::check(&copy.ops, &Rules::read(&copy.ops).unwrap()).unwrap()
}

#[test]
fn all_that_is_shipped_is_drilled_or_says_why_not() {
    assert_eq!(found(&Copy::new()), Vec::<String>::new());
}

#[test]
fn an_alert_without_a_drill_and_a_drill_without_an_alert_are_named() {
    let file = "ops/prometheus/rules/service.yml";
    let copy = Copy::with(file, "alert: ServiceDown", "alert: ServiceLost");
    let found = found(&copy);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("ServiceLost: no drill"), "{found:#?}");
    assert!(
        found[1].ends_with("there is no alert ServiceDown"),
        "{found:#?}"
    );
}

#[test]
fn a_drill_of_a_cause_that_the_runbook_does_not_know_is_named() {
    let copy = Copy::with(
        "runbooks/ServiceDown.md",
        "### hangs: the",
        "### stands: the",
    );
    names(&found(&copy), &["runbooks/ServiceDown.md", "`hangs`"]);
}
