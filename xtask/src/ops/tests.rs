//! Each check is seen to refuse a copy of the real files that is broken in one place, and to name that place.

use std::fs;

use super::*;

/// A copy of the template's alerts and runbooks.
struct Copy {
    ops: Ops,
    known: Known,
    _folder: tempfile::TempDir,
}

impl Copy {
    fn new() -> Self {
        let checkout = Checkout::find().unwrap();
        let folder = tempfile::tempdir().unwrap();
        for part in ["ops/prometheus", "ops/alertmanager", "runbooks"] {
            let from = checkout.template().join(part);
            for path in crate::sync::files(&from).unwrap() {
                let to = folder
                    .path()
                    .join(part)
                    .join(path.strip_prefix(&from).unwrap());
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(&path, to).unwrap();
            }
        }
        Self {
            ops: Ops {
                template: folder.path().to_owned(),
            },
            known: Known::read(&checkout).unwrap(),
            _folder: folder,
        }
    }

    /// With `old` replaced, once, in one file.
    fn with(file: &str, old: &str, new: &str) -> Self {
        let copy = Self::new();
        copy.replace(file, old, new);
        copy
    }

    fn replace(&self, file: &str, old: &str, new: &str) {
        let path = self.ops.template.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{file} has no {old}");
        fs::write(path, text.replacen(old, new, 1)).unwrap();
    }

    fn remove(file: &str) -> Self {
        let copy = Self::new();
        fs::remove_file(copy.ops.template.join(file)).unwrap();
        copy
    }

    /// What is found without running a program names all of `words`, and nothing else is found.
    fn is_refused(&self, words: &[&str]) {
        names(&written(&self.ops, &self.known).unwrap(), words);
    }
}

fn names(found: &[String], words: &[&str]) {
    assert_eq!(found.len(), 1, "{found:#?}");
    for word in words {
        assert!(found[0].contains(word), "{word} is not in: {}", found[0]);
    }
}

const REQUESTS: &str = "ops/prometheus/rules/requests.yml";
const RUNBOOK: &str = "runbooks/HighErrorRate.md";

#[test]
fn what_is_shipped_is_in_order() {
    let copy = Copy::new();
    assert_eq!(
        written(&copy.ops, &copy.known).unwrap(),
        Vec::<String>::new()
    );
}

#[test]
fn an_alert_without_one_of_its_parts_is_named() {
    let at = "requests.yml: HighErrorRate";
    for (old, new, said) in [
        ("severity: critical", "severity: loud", "severity"),
        ("kind: symptom", "kind: other", "kind"),
        (
            "summary: \"{{ $labels.service }} fails requests\"",
            "summary: \"\"",
            "summary",
        ),
        (
            "{{ $value | humanizePercentage }} of the requests",
            "Many of the requests",
            "description",
        ),
        (
            "runbook_base }}/HighErrorRate.md",
            "runbook_base }}/HighErrors.md",
            "runbook_url",
        ),
        (
            "runbook_url: \"{{ $externalLabels.runbook_base }}",
            "runbook_url: \"https://here",
            "runbook_url",
        ),
        ("belvedere-service?", "belvedere-nothing?", "dashboard_url"),
    ] {
        Copy::with(REQUESTS, old, new).is_refused(&[at, said]);
    }
    let telling = "summary: \"{{ $labels.upstream }} fails requests\"";
    let copy = Copy::with(
        REQUESTS,
        "summary: \"{{ $labels.service }} fails requests\"",
        telling,
    );
    copy.is_refused(&[at, "`upstream`"]);
}

#[test]
fn a_metric_that_nobody_exports_is_named() {
    let copy = Copy::with(REQUESTS, "http_requests_total", "http_request_total");
    copy.is_refused(&[
        "requests.yml: service:requests:increase5m",
        "`http_request_total`",
    ]);
    let copy = Copy::with(
        REQUESTS,
        "service:server_errors:ratio5m > 0.05",
        "service:errors:ratio5m > 0.05",
    );
    copy.is_refused(&["HighErrorRate", "`service:errors:ratio5m`"]);
    let question = "ask \"service:server_errors:ratio5m{service='$SERVICE'} > 0.05\"";
    let copy = Copy::with(RUNBOOK, question, "ask \"service:errors:ratio5m > 0.05\"");
    copy.is_refused(&[RUNBOOK, "`service:errors:ratio5m`"]);
    let copy = Copy::with(
        RUNBOOK,
        "## Background\n",
        "## Background\n\nSee `http_errors_total`.",
    );
    copy.is_refused(&[RUNBOOK, "`http_errors_total`"]);
    let series = "up{service=\"shop\",instance=\"a\"}";
    let copy = Copy::with(
        "ops/prometheus/tests/service.yml",
        series,
        "upp{service=\"shop\",instance=\"a\"}",
    );
    copy.is_refused(&["tests/service.yml", "`upp`"]);
}

#[test]
fn a_label_that_a_metric_does_not_have_is_named() {
    let copy = Copy::with(REQUESTS, "status=~\"5..\"", "code=~\"5..\"");
    copy.is_refused(&[
        "service:server_errors:increase5m",
        "`http_requests_total` has no label `code`",
    ]);
    let copy = Copy::with(
        "ops/prometheus/rules/process.yml",
        "sum by (service, where)",
        "sum by (service, place)",
    );
    let found = written(&copy.ops, &copy.known).unwrap();
    assert!(
        found
            .iter()
            .any(|fault| fault.contains("HandlerPanics") && fault.contains("`place`")),
        "{found:#?}"
    );
    // The target's: what the metric calls so is renamed.
    let jobs = "ops/prometheus/rules/jobs.yml";
    let copy = Copy::with(
        jobs,
        "max by (service, exported_job)",
        "max by (service, job)",
    );
    let found = written(&copy.ops, &copy.known).unwrap();
    assert!(
        found
            .iter()
            .any(|fault| fault.contains("JobStale") && fault.contains("`job`")),
        "{found:#?}"
    );
    let copy = Copy::with(RUNBOOK, "status=~'5..'", "code=~'5..'");
    copy.is_refused(&[RUNBOOK, "`http_requests_total` has no label `code`"]);
}

#[test]
fn an_alert_without_a_runbook_and_a_runbook_without_an_alert_are_named() {
    let copy = Copy::remove("runbooks/Watchdog.md");
    copy.is_refused(&["service.yml: Watchdog", "runbooks/Watchdog.md"]);
    let copy = Copy::new();
    let runbooks = copy.ops.runbooks();
    let text = fs::read_to_string(runbooks.join("Watchdog.md")).unwrap();
    fs::write(runbooks.join("Old.md"), text.replace("# Watchdog", "# Old")).unwrap();
    copy.is_refused(&["runbooks/Old.md", "no such alert"]);
}

#[test]
fn an_alert_that_no_test_sees_is_named() {
    let tests = "ops/prometheus/tests/business.yml";
    let copy = Copy::with(tests, "exp_alerts:", "exp_none:");
    copy.is_refused(&["FailedPayments", "in which it fires"]);
    let copy = Copy::new();
    for _ in 0..2 {
        copy.replace(tests, "alertname: FailedPayments}", "alertname: Watchdog}");
    }
    copy.is_refused(&["FailedPayments", "keeps still"]);
}

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

#[test]
fn a_block_that_the_shell_refuses_is_named_with_its_line() {
    let copy = Copy::with(RUNBOOK, "sh -c \"$RESTART\"", "if sh -c \"$RESTART\"");
    let found = scripts::check(&copy.ops).unwrap();
    let line = fs::read_to_string(copy.ops.template.join(RUNBOOK)).unwrap();
    let line = line
        .lines()
        .position(|line| line.starts_with("if sh"))
        .unwrap()
        + 1;
    assert!(
        found
            .iter()
            .any(|fault| fault.contains(&format!("{RUNBOOK}:{line}"))),
        "{found:#?}"
    );
    let copy = Copy::with(RUNBOOK, "sh -c \"$RESTART\"", "sh -c $RESTART");
    let found = scripts::check(&copy.ops).unwrap();
    assert!(
        found
            .iter()
            .any(|fault| fault.contains(RUNBOOK) && fault.contains("SC2086")),
        "{found:#?}"
    );
    assert_eq!(
        scripts::check(&Copy::new().ops).unwrap(),
        Vec::<String>::new()
    );
}

#[test]
fn what_promtool_refuses_is_named() {
    let copy = Copy::with(
        REQUESTS,
        "service:server_errors:ratio5m > 0.05",
        "service:server_errors:ratio5m > > 0.05",
    );
    names(
        &programs::check_rules(&copy.ops).unwrap(),
        &["requests.yml", "parse"],
    );
    let copy = Copy::with(
        REQUESTS,
        "record: service:server_errors:ratio5m",
        "record: service:requests:increase5m",
    );
    names(
        &programs::check_rules(&copy.ops).unwrap(),
        &["duplicate", "service:requests:increase5m"],
    );
}

#[test]
fn a_rule_that_fails_its_tests_is_named() {
    let copy = Copy::with("ops/prometheus/rules/service.yml", "for: 1m", "for: 4m");
    names(
        &programs::run_test(&copy.ops.prometheus().join("tests/service.yml")).unwrap(),
        &["tests/service.yml", "ServiceDown"],
    );
}

#[test]
fn an_alertmanager_that_cannot_start_or_tells_the_wrong_people_is_named() {
    let file = "ops/alertmanager/alertmanager.yml";
    let copy = Copy::with(file, "receiver: tickets", "receiver: nobody-at-all");
    names(
        &alertmanager::check_config(&copy.ops).unwrap(),
        &["alertmanager.yml", "nobody-at-all"],
    );
    let copy = Copy::with(file, "severity=\"info\"", "severity=~\"info|critical\"");
    copy.replace(
        file,
        "[severity=\"critical\"]\n      receiver",
        "[severity=\"fatal\"]\n      receiver",
    );
    let found = alertmanager::check_routes(&copy.ops, &Rules::read(&copy.ops).unwrap()).unwrap();
    assert!(
        found
            .iter()
            .any(|fault| fault.starts_with("HighErrorRate does not reach `pager`")),
        "{found:#?}"
    );
}

#[test]
fn an_inhibition_that_mutes_too_little_or_too_much_is_named() {
    let file = "ops/alertmanager/alertmanager.yml";
    for (old, new, said) in [
        (
            "target_matchers: [kind=\"cause\"]",
            "target_matchers: [kind=\"none\"]",
            "DatabaseDown of `shop`",
        ),
        (
            "target_matchers: [severity=\"warning\"]\n    equal: [service]",
            "target_matchers: [severity=\"warning\"]",
            "SlowQueries of `mall`",
        ),
    ] {
        let found = alertmanager::check_inhibition(&Copy::with(file, old, new).ops).unwrap();
        assert!(found.iter().any(|fault| fault.contains(said)), "{found:#?}");
    }
    assert_eq!(
        alertmanager::check_inhibition(&Copy::new().ops).unwrap(),
        Vec::<String>::new()
    );
}
