//! Log lines: one JSON object each, its keys in the contract's order.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::is_hex_id;
use super::ordered::Fields;

/// On every line, first and in this order.
const HEAD: [&str; 7] = [
    "timestamp",
    "level",
    "message",
    "target",
    "service",
    "environment",
    "version",
];
/// On the lines of a request, next and in this order; what a request has not got is left out.
const CONTEXT: [&str; 9] = [
    "trace_id",
    "span_id",
    "trace_flags",
    "request_id",
    "tenant_id",
    "user_id",
    "method",
    "path",
    "route",
];
/// What every request has got, and every job that one has asked for.
const ALWAYS: [&str; 4] = ["trace_id", "span_id", "trace_flags", "request_id"];
/// What a job has none of, and a request the first two at least.
const OF_HTTP: [&str; 3] = ["method", "path", "route"];

const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "critical"];
/// The contract's limit for a line, in bytes.
const MAX_LINE: usize = 16 * 1024;

/// A log line that keeps the order of its keys.
#[derive(Debug, Clone)]
pub(crate) struct LogLine {
    fields: Vec<(String, Value)>,
    text: String,
}

impl LogLine {
    /// Reads and checks one line.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let line = Self::parse(text)?;
        line.check().with_context(|| format!("log line {text}"))?;
        Ok(line)
    }

    fn parse(text: &str) -> Result<Self> {
        let Fields(fields) =
            serde_json::from_str(text).with_context(|| format!("not one JSON object: {text}"))?;
        let text = text.to_owned();
        Ok(Self { fields, text })
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        let mut found = self.fields.iter().filter(|(known, _)| known == key);
        found.next().map(|(_, value)| value)
    }

    /// A text field, empty when absent.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn message(&self) -> &str {
        self.text("message")
    }

    pub(crate) fn raw(&self) -> &str {
        &self.text
    }

    fn keys(&self) -> Vec<&str> {
        self.fields.iter().map(|(key, _)| key.as_str()).collect()
    }

    fn check(&self) -> Result<()> {
        let keys = self.keys();
        ensure!(self.text.len() <= MAX_LINE, "longer than {MAX_LINE} bytes");
        ensure!(
            keys.starts_with(&HEAD),
            "does not start with {}",
            HEAD.join(", ")
        );
        check_timestamp(self.text("timestamp"))?;
        let level = self.text("level");
        ensure!(LEVELS.contains(&level), "`{level}` is not a level");
        check_twice(&keys)?;
        check_context_order(&keys[HEAD.len()..])?;
        match keys.contains(&"request_id") {
            true => self.check_ids(),
            false => Ok(()),
        }
    }

    fn check_ids(&self) -> Result<()> {
        if let Some(missing) = ALWAYS.iter().find(|key| self.get(key).is_none()) {
            bail!("is a request's and has no {missing}");
        }
        self.check_http()?;
        ensure!(
            is_hex_id(self.text("trace_id"), 32),
            "trace_id is not 32 hex digits"
        );
        ensure!(
            is_hex_id(self.text("span_id"), 16),
            "span_id is not 16 hex digits"
        );
        let flags = self.text("trace_flags");
        ensure!(["00", "01"].contains(&flags), "trace_flags is `{flags}`");
        ensure!(!self.text("path").contains('?'), "path has a query");
        Ok(())
    }

    fn check_http(&self) -> Result<()> {
        let is_http = OF_HTTP.iter().any(|key| self.get(key).is_some());
        let has_to = is_http || self.message() == "request_completed";
        let missing = OF_HTTP[..2].iter().find(|key| self.get(key).is_none());
        match missing {
            Some(missing) if has_to => bail!("is an HTTP request's and has no {missing}"),
            _ => Ok(()),
        }
    }
}

fn check_timestamp(text: &str) -> Result<()> {
    let shape = |(at, c): (usize, char)| match at {
        4 | 7 => c == '-',
        10 => c == 'T',
        13 | 16 => c == ':',
        _ if at == text.len() - 1 => c == 'Z',
        19 => c == '.',
        _ => c.is_ascii_digit(),
    };
    let fine = text.len() >= 20 && text.char_indices().all(shape);
    ensure!(fine, "`{text}` is not an RFC 3339 time in UTC with a Z");
    Ok(())
}

fn check_twice(keys: &[&str]) -> Result<()> {
    let twice = keys
        .iter()
        .enumerate()
        .find(|(at, key)| keys[..*at].contains(key));
    match twice {
        Some((_, key)) => bail!("has `{key}` twice"),
        None => Ok(()),
    }
}

/// The context is one block in its order; after it come only the event's own fields.
fn check_context_order(keys: &[&str]) -> Result<()> {
    let place = |key: &str| CONTEXT.iter().position(|known| *known == key);
    let (mut last, mut own) = (None, None);
    for key in keys {
        match (place(key), own) {
            (None, _) => own = own.or(Some(key)),
            (Some(_), Some(own)) => bail!("has {key} of the context after its own {own}"),
            (at, None) if at < last => bail!("has {key} out of order: {}", CONTEXT.join(", ")),
            (at, None) => last = at,
        }
    }
    Ok(())
}

/// Every line read and checked.
pub(crate) fn read_all(lines: &[String]) -> Result<Vec<LogLine>> {
    lines.iter().map(|line| LogLine::read(line)).collect()
}

/// The lines of one request.
pub(crate) fn of_request<'a>(lines: &'a [LogLine], request_id: &str) -> Vec<&'a LogLine> {
    let lines = lines.iter();
    lines
        .filter(|line| line.text("request_id") == request_id)
        .collect()
}

/// The one `request_completed` of a request; none or two is an error.
pub(crate) fn completion<'a>(lines: &'a [LogLine], request_id: &str) -> Result<&'a LogLine> {
    let mut found = of_request(lines, request_id);
    found.retain(|line| line.message() == "request_completed");
    match found.as_slice() {
        [one] => Ok(one),
        _ => bail!(
            "request {request_id} has {} request_completed lines, not 1",
            found.len()
        ),
    }
}

/// The first line with this message.
pub(crate) fn event<'a>(lines: &'a [LogLine], message: &str) -> Result<&'a LogLine> {
    let mut found = lines.iter().filter(|line| line.message() == message);
    found
        .next()
        .with_context(|| format!("there is no `{message}` line in the log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD_JSON: &str = r#""timestamp":"2026-11-21T06:58:33.123456Z","level":"info","message":"request_completed","target":"x","service":"s","environment":"development","version":"0.1.0""#;
    const IDS: &str = r#""trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","trace_flags":"01","request_id":"req-00000001""#;
    const REST: &str =
        r#""tenant_id":"acme","method":"GET","path":"/v1","route":"/v1","status_code":200"#;

    fn fault(line: &str) -> String {
        format!("{:#}", LogLine::read(line).unwrap_err())
    }

    fn good() -> String {
        format!("{{{HEAD_JSON},{IDS},{REST}}}")
    }

    #[test]
    fn a_line_by_the_contract_passes() {
        let line = LogLine::read(&good()).unwrap();
        assert_eq!(line.message(), "request_completed");
        assert_eq!(line.get("status_code").unwrap(), 200);
        LogLine::read(&format!("{{{HEAD_JSON}}}")).unwrap();
    }

    #[test]
    fn each_departure_is_named() {
        let cases = [
            (format!("{} {}", good(), good()), "not one JSON object"),
            ("plain text".to_owned(), "not one JSON object"),
            (
                good().replace("\"level\":\"info\",", ""),
                "does not start with timestamp, level",
            ),
            (good().replace("info", "notice"), "`notice` is not a level"),
            (good().replace("33.123456Z", "33+01:00"), "not an RFC 3339"),
            (good().replace("\"01\"", "\"1\""), "trace_flags"),
            (
                good().replace("\"span_id\":\"b7ad6b7169203331\",", ""),
                "has no span_id",
            ),
            (
                good().replace("\"method\":\"GET\",", ""),
                "an HTTP request's and has no method",
            ),
            (
                format!("{{{HEAD_JSON},{IDS}}}"),
                "an HTTP request's and has no method",
            ),
            (
                good().replace("\"path\":\"/v1\"", "\"path\":\"/v1?a=b\""),
                "has a query",
            ),
            (
                good().replace("tenant_id", "request_id"),
                "`request_id` twice",
            ),
            (
                format!("{{{HEAD_JSON},{REST},{IDS}}}"),
                "after its own status_code",
            ),
            (
                format!(
                    "{{{HEAD_JSON},\"user_id\":\"u\",{IDS},\"method\":\"GET\",\"path\":\"/\"}}"
                ),
                "out of order",
            ),
        ];
        for (line, told) in cases {
            let fault = fault(&line);
            assert!(fault.contains(told), "{told}: {fault}");
        }
    }

    #[test]
    fn a_line_of_a_job_has_no_path() {
        let head = HEAD_JSON.replace("request_completed", "order_confirmed");
        LogLine::read(&format!("{{{head},{IDS},\"order_id\":\"7\"}}")).unwrap();
    }

    #[test]
    fn a_request_completes_once() {
        let once = read_all(&[good()]).unwrap();
        assert!(completion(&once, "req-00000001").is_ok());
        assert!(completion(&once, "req-00000002").is_err());
        let twice = read_all(&[good(), good()]).unwrap();
        assert!(completion(&twice, "req-00000001").is_err());
    }
}
