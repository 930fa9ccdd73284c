//! `promtool check metrics`: whether names, labels and help texts are as Prometheus wants them.

use std::{
    env,
    io::{self, ErrorKind, Write},
    process::{Command, Stdio},
};

use crate::report;

const PROGRAM: &str = "promtool";
/// Names that were promised, one of them by OpenTelemetry's conventions; told in docs/METRICS.md.
const WAIVED: [&str; 2] = [
    r#"revenue_total_usd counter metrics should have "_total" suffix"#,
    r#"db_client_connection_count non-histogram and non-summary metrics should not have "_count" suffix"#,
];
/// What stands in the place of a help text that nobody wrote.
const NO_HELP: &str = "Not described.";

/// What is wrong with the metrics of `text`, which is what a scrape returned: line by line, and nothing if they are good.
///
/// Where `promtool` is not installed only help texts are looked at, with a note; where `CI` is set that is an error.
///
/// # Errors
///
/// `promtool` cannot be run.
pub fn lint_metrics(text: &str) -> io::Result<Vec<String>> {
    let mut found: Vec<_> = undescribed(text).collect();
    match ask(text) {
        Ok(told) => found.extend(told),
        Err(error) if error.kind() == ErrorKind::NotFound && env::var_os("CI").is_none() => {
            report(format_args!(
                "`{PROGRAM}` is missing, and names are not checked: install Prometheus"
            ));
        }
        Err(error) => return Err(error),
    }
    Ok(found)
}

fn undescribed(text: &str) -> impl Iterator<Item = String> {
    let helps = text.lines().filter_map(|line| {
        let (name, help) = line.strip_prefix("# HELP ")?.split_once(' ')?;
        (help == NO_HELP).then_some(name)
    });
    helps.map(|name| format!("{name} has no help text: declare or describe it"))
}

fn ask(text: &str) -> io::Result<Vec<String>> {
    let mut promtool = Command::new(PROGRAM)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = promtool.stdin.take() {
        stdin.write_all(text.as_bytes())?;
    }
    let output = promtool.wait_with_output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    let told = told.lines().filter(|line| !WAIVED.contains(line));
    Ok(told.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_prometheus_does_not_like_are_told_and_the_promised_one_is_not() {
        let text = "# HELP revenue_total_usd Money.\n# TYPE revenue_total_usd counter\nrevenue_total_usd 1.5\n\
                    # HELP orders Not described.\n# TYPE orders counter\norders 1\n";
        let found = lint_metrics(text).unwrap();
        let expected = [
            "orders has no help text: declare or describe it",
            r#"orders counter metrics should have "_total" suffix"#,
        ];
        assert_eq!(found, expected);
        assert!(!lint_metrics("bad{ 1\n").unwrap().is_empty());
    }
}
