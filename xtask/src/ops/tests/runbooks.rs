//! Runbooks, as they read.

use super::*;

#[test]
fn a_runbook_of_another_form_is_named() {
    for (old, new, said) in [
        ("## Impact", "## Effect", "its sections"),
        ("# HighErrorRate", "# HighErrors", "its title"),
        ("| grep .; }", "; }", "set-up"),
        (
            "## Meaning\n",
            &format!("## Meaning\n{}", "\n".repeat(20)),
            "the first question",
        ),
        (
            "### upstream: a service",
            "### callee: a service",
            "the same causes",
        ),
        (
            "### upstream: a service",
            "### Up Stream: a service",
            "a cause is",
        ),
        (
            "Risk: a restart ends",
            "A restart ends",
            "database-down tells no Risk",
        ),
        (
            "Undo: none is needed. The service",
            "The service",
            "database-down tells no Undo",
        ),
        (
            "## Verify\n\n```sh",
            "## Verify\n\n```sh undo\ntrue\n```\n\n```sh",
            "Verify has to have one block",
        ),
        (
            "```sh\nsh -c \"$RESTART\"\n```",
            "`sh -c \"$RESTART\"`",
            "time-limit has to have one block",
        ),
        (
            "```sh\nsh -c \"$RESTART\"",
            "```bash\nsh -c \"$RESTART\"",
            "marked neither",
        ),
    ] {
        Copy::with(RUNBOOK, old, new).is_refused(&[RUNBOOK, said]);
    }
}

#[test]
fn a_dead_link_a_missing_file_and_what_is_left_to_do_are_named() {
    let left = ["TO", "DO"].concat();
    for (old, new, said) in [
        (
            "(RequestsStuck.md)",
            "(Requests.md)",
            "a dead link: Requests.md",
        ),
        (
            "rules/requests.yml`",
            "rules/request.yml`",
            "no such file: ops/prometheus/rules/request.yml",
        ),
        (
            "## Background\n",
            &format!("## Background\n\n{left}: tell more."),
            left.as_str(),
        ),
    ] {
        Copy::with(RUNBOOK, old, new).is_refused(&[RUNBOOK, said]);
    }
}

#[test]
fn a_statement_that_ends_more_than_it_should_is_named() {
    for (old, new) in [
        ("pid <> pg_backend_pid()", "pid <> 0"),
        ("datname = current_database()", "datname <> ''"),
        ("usename = current_user", "usename <> ''"),
        ("state_change < now()", "query_start < now()"),
        ("if [ \"${KILL:-no}\" = yes ]; then", "if true; then"),
        (
            "sql \"SELECT pid, application_name, state_change",
            "echo \"SELECT pid, application_name, state_change",
        ),
    ] {
        let found = written(&Copy::with(RUNBOOK, old, new).ops, &Copy::new().known).unwrap();
        assert!(
            !found.is_empty() && found.iter().all(|fault| fault.contains(RUNBOOK)),
            "{new}: {found:#?}"
        );
    }
    Copy::with(
        RUNBOOK,
        "sql 'SELECT 1'\n```",
        "sql 'SELECT 1' | jq -e .\n```",
    )
    .is_refused(&[RUNBOOK, "jq -e"]);
}
