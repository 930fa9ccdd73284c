//! The log of a drive.

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use super::checks::Checks;
use super::drive::{Drive, TRACE_ID};
use crate::check::log::{LogLine, completion, event};
use crate::check::tour::Visit;

pub(crate) fn run(checks: &Checks, drive: &Drive<'_>) {
    let (lines, visits) = (&drive.lines, &drive.visits);
    checks.run(
        "one request_completed per request, with its context",
        || visits.iter().try_for_each(|visit| completed(lines, visit)),
    );
    checks.run("the log continues the caller's trace", || {
        continued(lines, visits)
    });
    checks.run(
        "a slow statement is logged with the request's context",
        || slow(lines),
    );
    checks.run("the life of the service is told in order", || life(lines));
    checks.run(
        "no probe, e-mail or other personal value is in the log",
        || private(lines),
    );
}

fn completed(lines: &[LogLine], visit: &Visit) -> Result<()> {
    let line = completion(lines, &visit.request_id)?;
    let raw = line.raw();
    let told = &visit.told;
    ensure!(
        number(line, "status_code") == Some(f64::from(visit.stop.status)),
        "{told}: wrong status_code: {raw}"
    );
    ensure!(
        number(line, "duration_ms").is_some_and(|ms| ms > 0.0),
        "{told}: no duration_ms: {raw}"
    );
    ensure!(
        number(line, "response_bytes").is_some(),
        "{told}: no response_bytes: {raw}"
    );
    ensure!(
        !line.text("outcome").is_empty(),
        "{told}: no outcome: {raw}"
    );
    ensure!(
        line.text("method") == visit.stop.call.method,
        "{told}: wrong method: {raw}"
    );
    ensure!(
        line.text("path") == visit.stop.call.path,
        "{told}: wrong path: {raw}"
    );
    ensure!(!line.text("route").is_empty(), "{told}: no route: {raw}");
    bound(line, visit)?;
    same_trace(line, visit)
}

/// A request that reached its handler carries its caller.
fn bound(line: &LogLine, visit: &Visit) -> Result<()> {
    if visit.stop.status >= 300 {
        return Ok(());
    }
    let (tenant, user) = (line.text("tenant_id"), line.text("user_id"));
    let told = &visit.told;
    ensure!(
        (tenant, user) == ("acme", "ada"),
        "{told}: tenant_id `{tenant}`, user_id `{user}`"
    );
    Ok(())
}

fn same_trace(line: &LogLine, visit: &Visit) -> Result<()> {
    if visit.stop.status < 400 {
        return Ok(());
    }
    let body = visit.answer.json()?;
    let (logged, told) = (line.text("trace_id"), &visit.told);
    ensure!(
        body["trace_id"] == logged,
        "{told}: the log's trace_id is {logged}, the body's {}",
        body["trace_id"]
    );
    Ok(())
}

fn number(line: &LogLine, key: &str) -> Option<f64> {
    line.get(key).and_then(Value::as_f64)
}

fn continued(lines: &[LogLine], visits: &[Visit]) -> Result<()> {
    let last = visits.last().map_or("", |visit| visit.request_id.as_str());
    let found = completion(lines, last)?.text("trace_id");
    ensure!(
        found == TRACE_ID,
        "trace_id is {found}, not the caller's {TRACE_ID}"
    );
    Ok(())
}

fn slow(lines: &[LogLine]) -> Result<()> {
    let of_request =
        |line: &&LogLine| line.message() == "slow_query" && line.get("request_id").is_some();
    let Some(line) = lines.iter().find(of_request) else {
        bail!("DATABASE__SLOW_QUERY_MS=0 and no slow_query line of a request");
    };
    for key in ["duration_ms", "query", "operation", "collection", "rows"] {
        ensure!(
            line.get(key).is_some(),
            "slow_query has no {key}: {}",
            line.raw()
        );
    }
    let length = line.text("query").chars().count();
    ensure!(
        length <= 200,
        "slow_query holds {length} characters of the statement, at most 200"
    );
    Ok(())
}

fn life(lines: &[LogLine]) -> Result<()> {
    let told = [
        "application_starting",
        "telemetry_configured",
        "database_connection_ok",
        "application_started",
        "application_draining",
        "application_stopped",
    ];
    let place = |message: &str| lines.iter().position(|line| line.message() == message);
    for pair in told.windows(2) {
        event(lines, pair[0])?;
        event(lines, pair[1])?;
        ensure!(
            place(pair[0]) < place(pair[1]),
            "{} comes after {}",
            pair[0],
            pair[1]
        );
    }
    let last = lines.last().map_or("nothing", LogLine::message);
    ensure!(
        last == "application_stopped",
        "the last line is {last}, not application_stopped"
    );
    Ok(())
}

fn private(lines: &[LogLine]) -> Result<()> {
    let bad = |line: &&LogLine| {
        line.raw().contains("ada@example.org") || line.text("path").starts_with("/health")
    };
    match lines.iter().find(bad) {
        Some(line) => bail!("this must not be logged: {}", line.raw()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::log::read_all;

    fn lines(messages: &[&str]) -> Vec<LogLine> {
        let line = |message: &&str| {
            format!(
                r#"{{"timestamp":"2026-11-21T06:58:33.123Z","level":"info","message":"{message}","target":"x","service":"s","environment":"e","version":"v"}}"#
            )
        };
        read_all(&messages.iter().map(line).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_life_out_of_order_is_told() {
        let good = [
            "application_starting",
            "telemetry_configured",
            "database_connection_ok",
            "application_started",
            "application_draining",
            "application_stopped",
        ];
        life(&lines(&good)).unwrap();
        let mut swapped = good;
        swapped.swap(1, 2);
        assert!(life(&lines(&swapped)).is_err());
        assert!(life(&lines(&good[1..])).is_err());
        let mut longer = good.to_vec();
        longer.push("late");
        assert!(
            life(&lines(&longer))
                .unwrap_err()
                .to_string()
                .contains("late")
        );
    }

    #[test]
    fn an_email_in_the_log_is_told() {
        assert!(private(&lines(&["ada@example.org"])).is_err());
        assert!(private(&lines(&["fine"])).is_ok());
        assert!(slow(&lines(&["fine"])).is_err());
    }
}
