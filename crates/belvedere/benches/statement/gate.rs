//! Instructions of a statement, held against what it may cost more than by sqlx alone.

use std::{
    env, io,
    process::{Command, ExitCode},
};

use belvedere_testing::report;

/// What is allowed, in instructions: less than 3 us where the trace is not kept, and than 8 us where it is. 1,000 are about 0.37 us.
const ALLOWED: [(&str, i64); 2] = [("not-kept", 6_000), ("kept", 14_000)];
/// Requests of a short run and a long one: their difference is without start and stop.
const RUNS: [i64; 2] = [4, 24];

/// Whether everything is within what is allowed.
pub(crate) fn gate(statements: usize) -> ExitCode {
    match is_within(statements as i64) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            report(format_args!("no figures by valgrind: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn is_within(statements: i64) -> io::Result<bool> {
    let mut is_within = true;
    for database in ["postgres", "sqlite"] {
        for (what, allowed) in ALLOWED {
            let [bare, seen] = [
                count(database, what, "bare", statements)?,
                count(database, what, "seen", statements)?,
            ];
            let more = seen - bare;
            report(format_args!(
                "{database}, {what}: sqlx {bare} instructions, seen {more:+}; {allowed:+} are allowed"
            ));
            is_within &= more <= allowed;
        }
    }
    Ok(is_within)
}

/// Of one statement.
fn count(database: &str, what: &str, how: &str, statements: i64) -> io::Result<i64> {
    let [short, long] = [
        total(database, what, how, RUNS[0])?,
        total(database, what, how, RUNS[1])?,
    ];
    Ok((long - short) / (RUNS[1] - RUNS[0]) / statements)
}

fn total(database: &str, what: &str, how: &str, requests: i64) -> io::Result<i64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(env::current_exe()?);
    command.args(["--only", database, what, how, &requests.to_string()]);
    let said = String::from_utf8_lossy(&command.output()?.stderr).into_owned();
    let total = said.split("Collected : ").nth(1);
    let total = total.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    total.ok_or_else(|| io::Error::other(said))
}
