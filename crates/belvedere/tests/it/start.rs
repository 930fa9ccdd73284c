use std::process::{Command, Output};

use crate::helpers::{rough, service};

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(rough())
        .args(arguments)
        .envs(variables.iter().copied())
        .output()
        .expect("the example was built beside the tests")
}

#[test]
fn every_bad_setting_is_named_in_one_line_and_nothing_starts() {
    let output = run(&[], &[("HTTP__ADDR", "nowhere"), ("ADMIN__PORT", "1")]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(
        told.contains("HTTP__ADDR") && told.contains("ADMIN__PORT"),
        "{told}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn an_exporter_that_is_not_there_is_named_with_what_to_do() {
    let output = run(&[], &[("OTEL_TRACES_EXPORTER", "otlp,console")]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78));
    for part in ["OTEL_TRACES_EXPORTER", "console", "take it out of the list"] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn production_does_not_start_before_it_is_said_who_may_call() {
    let output = run(&[], &[("ENVIRONMENT", "production")]);
    assert_eq!(output.status.code(), Some(78));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("AUTH__TRUSTED_HEADERS=true")
    );
}

#[test]
fn an_unknown_command_is_refused() {
    let output = run(&["serv"], &[]);
    assert_eq!(output.status.code(), Some(64));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("`serv` is no command")
    );
}

#[test]
fn the_configuration_is_shown_without_its_secrets() {
    let output = run(
        &["config"],
        &[("DATABASE_URL", "postgres://shop:hunter2@db/shop")],
    );
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(
        shown.contains("postgres://[REDACTED]@db/shop") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_taken_address_is_named_with_what_changes_it() {
    let first = service().start().unwrap();
    let taken = first.http().to_string();
    let output = run(
        &[],
        &[("HTTP__ADDR", &taken), ("ADMIN__ADDR", "127.0.0.1:0")],
    );
    let log = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        log.contains(&taken) && log.contains("HTTP__ADDR") && log.contains(r#""level":"critical""#),
        "{log}"
    );
}

#[tokio::test]
async fn a_collector_that_is_not_there_delays_nothing() {
    let service = service()
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
        .start()
        .unwrap();
    assert_eq!(service.get("/ok").await.status, 200);
    let (status, lines) = service.stop().unwrap();
    assert!(status.success());
    assert_eq!(lines.last().unwrap()["message"], "application_stopped");
}

#[tokio::test]
async fn the_lines_of_a_life_come_in_their_order() {
    let (_, lines) = service().start().unwrap().stop().unwrap();
    let told: Vec<_> = lines
        .iter()
        .filter_map(|line| line["message"].as_str())
        .collect();
    let wanted = [
        "application_starting",
        "telemetry_configured",
        "application_started",
        "application_draining",
        "requests_finished",
        "application_stopped",
    ];
    assert_eq!(told, wanted);
}
