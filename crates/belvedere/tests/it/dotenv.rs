//! `.env`: what a developer has set for this folder.

use std::{
    fs,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::helpers::rough;

/// What `config` says in a folder with this `.env`.
fn config(dotenv: &str, variables: &[(&str, &str)]) -> Output {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(".env"), dotenv).unwrap();
    Command::new(rough())
        .arg("config")
        .current_dir(&folder)
        .env_remove("ENVIRONMENT")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// The service's, as it was understood.
fn name(dotenv: &str, variables: &[(&str, &str)]) -> Value {
    let output = config(dotenv, variables);
    assert!(output.status.success(), "{output:?}");
    let mut shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    shown["service"]["name"].take()
}

const NAMED: &str = "# who I am\nSERVICE__NAME=of-the-file\n";

#[test]
fn it_is_read_in_development() {
    assert_eq!(name(NAMED, &[]), "of-the-file");
    let named = [("ENVIRONMENT", "development")];
    assert_eq!(name(NAMED, &named), "of-the-file");
}

#[test]
fn it_is_read_nowhere_else() {
    for environment in ["staging", "production", "test"] {
        let variables = [
            ("ENVIRONMENT", environment),
            ("AUTH__TRUSTED_HEADERS", "true"),
        ];
        assert_eq!(name(NAMED, &variables), Value::Null, "{environment}");
    }
}

#[test]
fn a_variable_of_the_process_wins_over_it() {
    let variables = [("SERVICE__NAME", "of-the-process")];
    assert_eq!(name(NAMED, &variables), "of-the-process");
}

#[test]
fn a_line_of_it_that_says_nothing_ends_the_start_and_is_not_repeated() {
    let output = config("hunter2 is no variable\n", &[]);
    assert_eq!(output.status.code(), Some(78));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains(".env") && !told.contains("hunter2"), "{told}");
}
