//! The transcript on the page for who is on call.

use super::*;

fn found(old: &str, new: &str) -> Vec<String> {
    let copy = Copy::new();
    let page = Checkout::find().unwrap().root().join("docs/ONCALL.md");
    let text = fs::read_to_string(page).unwrap();
    assert!(text.contains(old), "the page has no {old}");
    let rules = Rules::read(&copy.ops).unwrap();
    page::check(&copy.ops, &rules, &text.replacen(old, new, 1)).unwrap()
}

#[test]
fn the_transcript_is_of_what_is_there() {
    assert_eq!(found("", ""), Vec::<String>::new());
}

#[test]
fn a_transcript_of_an_alert_a_runbook_or_a_command_that_is_not_there_is_named() {
    for (old, new, said) in [
        (
            "page: DatabaseConnectionIssues:",
            "page: DatabaseTrouble:",
            "no alert DatabaseTrouble",
        ),
        (
            "          runbooks/DatabaseConnectionIssues.md",
            "          runbooks/Other.md",
            "the runbook has to be",
        ),
        (
            "s  Diagnose lock-wait: no",
            "s  Diagnose locks: no",
            "has no `Diagnose locks`",
        ),
        (
            "state = 'idle in transaction' ORDER",
            "state = 'idle' ORDER",
            "other commands below `Diagnose idle-in-transaction`",
        ),
    ] {
        let found = found(old, new);
        assert!(
            found.iter().any(|fault| fault.contains(said)),
            "{said}: {found:#?}"
        );
    }
}
