//! The commands of docs/TRACING.md that answer "what is wrong", run against a service where something is.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use belvedere_testing::{OtlpAnswer, TestService};
use tempfile::TempDir;

use crate::helpers::service;

const PAGE: &str = include_str!("../../../../docs/TRACING.md");
const SECTION: &str = "## When something is wrong";
/// A line may still be on its way to the log.
const PATIENCE: Duration = Duration::from_secs(30);

/// The commands of the section's blocks, in their order.
fn commands() -> Vec<String> {
    let section = PAGE.split_once(SECTION).unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1);
    let blocks = blocks.map(|block| block.split_once("```").unwrap().0);
    let joined = blocks.map(|block| block.replace("\\\n", " "));
    joined
        .flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// As it is written for a service at its usual place, whose lines somebody keeps.
fn run(command: &str, service: &TestService, folder: &Path) -> Result<(), String> {
    let lines: String = service
        .lines()
        .iter()
        .map(|line| format!("{line}\n"))
        .collect();
    let log = folder.join("log");
    fs::write(&log, lines).unwrap();
    let here = command
        .replace("127.0.0.1:9464", &service.admin().to_string())
        .replace("127.0.0.1:8000", &service.http().to_string())
        .replace("your_event", "application_started");
    let output = Command::new("sh")
        .args(["-c", &here])
        .env("LOG", &log)
        .output()
        .unwrap();
    if output.status.success() && !output.stdout.is_empty() {
        return Ok(());
    }
    Err(format!("{command}: {output:?}"))
}

#[tokio::test]
async fn every_command_of_the_page_has_an_answer() {
    let service = service().start().unwrap();
    service.otlp().answer(OtlpAnswer {
        times: 1,
        status: 400,
        ..OtlpAnswer::default()
    });
    service.get("/ok").await;
    let folder = TempDir::new().unwrap();
    let commands = commands();
    assert!(commands.len() >= 12, "{commands:?}");
    for command in commands {
        let deadline = Instant::now() + PATIENCE;
        while let Err(what) = run(&command, &service, folder.path()) {
            assert!(Instant::now() < deadline, "{what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
