//! Rules, and the tests of rules.

use super::*;

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
fn a_value_that_a_label_never_has_is_named() {
    for (file, old, new, said) in [
        (
            "ops/prometheus/rules/requests.yml",
            "slo=\"availability\"",
            "slo=\"availible\"",
            "`slo` of `slo_requests_total` is never `availible`",
        ),
        (
            "ops/prometheus/rules/telemetry.yml",
            "level=~\"error|critical\"",
            "level=~\"error|fatal\"",
            "`level` of `log_events_total` is never `fatal`",
        ),
        (
            "ops/prometheus/tests/business.yml",
            "reason=\"gateway_down\"",
            "reason=\"gateway\"",
            "`reason` of `payments_failed_total` is never `gateway`",
        ),
        (
            "runbooks/JobFailing.md",
            "outcome!='ok'",
            "outcome!='lost'",
            "`outcome` of `jobs_total` is never `lost`",
        ),
    ] {
        let name = file.rsplit('/').next().unwrap();
        Copy::with(file, old, new).is_refused(&[name, said]);
    }
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
