//! What the documentation tells operators to type, typed; and what the service says it is.

use std::process::Command;

use belvedere_testing::TestService;
use serde_json::{Value, json};

use super::{audit, see};
use crate::helpers::service;

const LOGGING: &str = include_str!("../../../../../docs/LOGGING.md");
const TRACING: &str = include_str!("../../../../../docs/TRACING.md");
/// Where the documentation finds the admin listener, and the token that it sends.
const DOCUMENTED: &str = "127.0.0.1:9464";
const TOKEN: &str = "correct-horse-battery";

/// Every shell block of a page that changes something on the admin listener.
fn orders(page: &str) -> Vec<&str> {
    let blocks = page.split("```sh\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    let changes = |block: &&str| block.contains(DOCUMENTED) && block.contains("-X PUT");
    blocks.filter(changes).collect()
}

/// Types it; what is answered, a line of JSON each.
fn typed(service: &TestService, block: &str) -> Vec<Value> {
    let block = block.replace(DOCUMENTED, &service.admin().to_string());
    // One line for each answer: the blocks are read by people, who do not need it.
    let block = block.replace("curl ", "curl -w '\\n' ");
    let mut shell = Command::new("sh");
    let output = shell
        .args(["-ec", &block])
        .env("ADMIN_TOKEN", TOKEN)
        .output();
    let output = output.expect("there is a shell");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{block}\n{told}");
    let answers = String::from_utf8(output.stdout).expect("an answer is text");
    let lines = answers.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_str(line).expect("an answer is JSON"))
        .collect()
}

fn guarded() -> TestService {
    service()
        .variable("ADMIN__TOKEN", TOKEN)
        .start()
        .expect("the service starts")
}

#[tokio::test]
async fn the_levels_are_changed_as_the_documentation_shows() {
    let service = guarded();
    let [block] = orders(LOGGING)[..] else {
        panic!("one block is shown")
    };
    let answers = typed(&service, block);
    let seen = |at: usize, key: &str| answers[at][key].clone();
    assert_eq!(
        (seen(0, "level"), seen(0, "ttl_seconds")),
        (json!("debug"), json!(600))
    );
    assert!(seen(1, "loggers").is_array());
    assert_eq!(
        (seen(2, "level"), seen(2, "configured")),
        (json!("info"), json!("info"))
    );
    audit(&service, "log_level_changed", |line| line["new"] == "info").await;
}

#[tokio::test]
async fn the_ratio_is_changed_as_the_documentation_shows() {
    let service = guarded();
    let [block] = orders(TRACING)[..] else {
        panic!("one block is shown")
    };
    let answers = typed(&service, block);
    assert_eq!(
        (&answers[0]["ratio"], &answers[0]["ttl_seconds"]),
        (&json!(1.0), &json!(600))
    );
    assert_eq!(answers[1]["ratio"], 1.0);
    audit(&service, "sampling_changed", |line| {
        line["by"] == "operator"
    })
    .await;
}

#[tokio::test]
async fn what_runs_is_told_with_its_compiler_and_its_age() {
    let service = service().start().unwrap();
    let info = see(&service, "/info").await;
    assert_eq!(info["name"], "belvedere");
    assert_eq!(info["environment"], "development");
    assert!(
        info["uptime_seconds"].is_u64() && info["pid"].is_u64(),
        "{info}"
    );
    let rustc = info["rustc"].as_str().unwrap();
    assert!(rustc.starts_with("1."), "{rustc}");
    let (version, commit) = (
        &info["version"],
        info["commit"].as_str().unwrap_or("unknown"),
    );
    let line = format!(r#"build_info{{commit="{commit}",rustc="{rustc}",version={version}}} 1"#);
    service.metric(&line).await;
}
