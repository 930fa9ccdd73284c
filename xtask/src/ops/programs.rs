//! What Prometheus's own programs and the shell say of the files.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Ops;
use super::rules::yaml_files;
use super::scripts;
use crate::run::command;

pub(super) fn check(ops: &Ops) -> Result<Vec<String>> {
    let mut found = check_rules(ops)?;
    found.extend(run_tests(ops)?);
    found.extend(check_config(ops)?);
    found.extend(scripts::check(ops)?);
    Ok(found)
}

/// Each file parses, and holds no rule twice.
pub(super) fn check_rules(ops: &Ops) -> Result<Vec<String>> {
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "rules", "--lint=all", "--lint-fatal"]);
    promtool.args(yaml_files(&ops.prometheus().join("rules"))?);
    refusal(&mut promtool)
}

/// The unit tests of the rules, a process for each file.
pub(super) fn run_tests(ops: &Ops) -> Result<Vec<String>> {
    let files = yaml_files(&ops.prometheus().join("tests"))?;
    std::thread::scope(|scope| {
        let running = files.iter().map(|file| scope.spawn(|| run_test(file)));
        let running: Vec<_> = running.collect();
        let mut found = Vec::new();
        for test in running {
            found.extend(test.join().expect("a test's thread does not panic")?);
        }
        Ok(found)
    })
}

/// The tests of one file.
pub(super) fn run_test(file: &Path) -> Result<Vec<String>> {
    let mut promtool = Command::new("promtool");
    refusal(promtool.args(["test", "rules"]).arg(file))
}

/// It can be loaded, with every file that it names.
pub(super) fn check_config(ops: &Ops) -> Result<Vec<String>> {
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "config", "--lint=none"]);
    promtool.arg(ops.prometheus().join("prometheus.yml"));
    refusal(&mut promtool)
}

/// What a program printed, when it failed.
pub(super) fn refusal(program: &mut Command) -> Result<Vec<String>> {
    let output = command::run(program)?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let shown = command::shown(program);
    let printed = command::Printed::from(output).all();
    Ok(vec![format!("`{shown}`:\n{}", printed.trim())])
}
