//! A service that cannot start says why, once, and ends with the code that the contract names.

use std::net::TcpListener;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::checks::Checks;
use super::preset::Preset;
use crate::check::log::{event, read_all};
use crate::run::service::Ended;

/// `EX_CONFIG`.
const CONFIG_EXIT: i32 = 78;
/// A start that fails at once, with room for a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) fn run(checks: &Checks, preset: &Preset) {
    checks.run("an unknown key ends with 78 and one line", || {
        unknown_key(preset)
    });
    checks.run(
        "a database that is not there ends with 1 and one critical line",
        || no_database(preset),
    );
}

fn unknown_key(preset: &Preset) -> Result<()> {
    let launch = preset.launch().env("HTTP__ADRESS", "x");
    judge_unknown_key(&launch.run_to_end(LIMIT)?)
}

fn judge_unknown_key(ended: &Ended) -> Result<()> {
    let lines = ended.lines();
    let code = ended.status.code();
    ensure!(
        code == Some(CONFIG_EXIT),
        "ended with {code:?}, not {CONFIG_EXIT}: {}",
        lines.join("\n")
    );
    ensure!(
        lines.len() == 1,
        "said {} lines, not one: {}",
        lines.len(),
        lines.join("\n")
    );
    ensure!(
        lines[0].contains("HTTP__ADRESS"),
        "does not name HTTP__ADRESS: {}",
        lines[0]
    );
    Ok(())
}

fn no_database(preset: &Preset) -> Result<()> {
    let launch = preset
        .launch()
        .env("DATABASE_URL", unreachable(preset.database)?)
        .env("STARTUP__TIMEOUT_SECONDS", "0");
    judge_no_database(&launch.run_to_end(LIMIT)?)
}

/// A port that nobody listens on; a folder that cannot be made.
fn unreachable(database: &str) -> Result<String> {
    if database != "postgres" {
        return Ok("sqlite:///proc/nowhere/shop.db".to_owned());
    }
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    Ok(format!("postgres://ada:hunter2@127.0.0.1:{port}/shop"))
}

fn judge_no_database(ended: &Ended) -> Result<()> {
    let code = ended.status.code();
    ensure!(
        code == Some(1),
        "ended with {code:?}, not 1: {}",
        ended.lines().join("\n")
    );
    let told = ended.lines().join("\n");
    ensure!(!told.contains("hunter2"), "the password is in the output");
    let lines = read_all(&ended.log)?;
    let line = event(&lines, "database_connection_failed").context(told)?;
    let level = line.text("level");
    ensure!(
        level == "critical",
        "database_connection_failed is `{level}`, not `critical`"
    );
    let critical = lines
        .iter()
        .filter(|line| line.text("level") == "critical")
        .count();
    ensure!(critical == 1, "{critical} critical lines, not one");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    fn ended(code: i32, log: &[&str], errors: &[&str]) -> Ended {
        let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        Ended {
            status: ExitStatus::from_raw(code << 8),
            log: owned(log),
            errors: owned(errors),
        }
    }

    #[test]
    fn a_configuration_error_is_one_line_with_the_name() {
        let line = "configuration: HTTP__ADRESS: unknown key";
        judge_unknown_key(&ended(78, &[], &[line])).unwrap();
        assert!(judge_unknown_key(&ended(1, &[], &[line])).is_err());
        assert!(judge_unknown_key(&ended(78, &[], &["bad configuration"])).is_err());
        assert!(judge_unknown_key(&ended(78, &[line], &[line])).is_err());
    }

    #[test]
    fn a_lost_database_is_one_critical_line_without_the_password() {
        let line = r#"{"timestamp":"2026-11-21T06:58:33Z","level":"critical","message":"database_connection_failed","target":"x","service":"s","environment":"e","version":"v"}"#;
        judge_no_database(&ended(1, &[line], &[])).unwrap();
        assert!(judge_no_database(&ended(0, &[line], &[])).is_err());
        assert!(judge_no_database(&ended(1, &[line], &["ada:hunter2@"])).is_err());
        assert!(judge_no_database(&ended(1, &[line, line], &[])).is_err());
        let error = line.replace("critical", "error");
        assert!(judge_no_database(&ended(1, &[&error], &[])).is_err());
        assert!(judge_no_database(&ended(1, &[], &["panicked"])).is_err());
    }
}
