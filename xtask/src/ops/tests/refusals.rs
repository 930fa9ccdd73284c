//! What Prometheus's, Alertmanager's and the shell's programs refuse.

use super::*;

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
fn a_configuration_that_prometheus_cannot_load_is_named() {
    let file = "ops/prometheus/prometheus.yml";
    for (old, new, said) in [
        ("scrape_interval: 15s", "scrape_interval: soon", "soon"),
        ("file_sd_configs", "files_sd_configs", "files_sd_configs"),
    ] {
        let copy = Copy::with(file, old, new);
        names(
            &programs::check_config(&copy.ops).unwrap(),
            &["prometheus.yml", said],
        );
    }
    assert_eq!(
        programs::check_config(&Copy::new().ops).unwrap(),
        Vec::<String>::new()
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
