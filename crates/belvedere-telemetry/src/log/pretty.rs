//! The same line for people. It costs a parse; nobody reads a million of them.

use belvedere_core::names::field;
use serde_json::Value;

/// `08:15:30.000042 INFO  order_placed  shop::orders product=espresso ...`
pub(super) fn render(line: &[u8]) -> String {
    let Ok(Value::Object(members)) = serde_json::from_slice(line) else {
        return String::from_utf8_lossy(line).into_owned();
    };
    let text = |key: &str| members.get(key).and_then(Value::as_str).unwrap_or_default();
    let time = text("timestamp")
        .split(['T', 'Z'])
        .nth(1)
        .unwrap_or_default();
    let level = text("level").to_uppercase();
    let message = visible(text("message"));
    let mut out = format!("{time} {level:<8} {message}  {}", text("target"));
    for (key, value) in members
        .iter()
        .filter(|(key, _)| !field::HEAD.contains(&key.as_str()))
    {
        out.push_str(&format!(" {key}={}", plain(value)));
    }
    out.push('\n');
    out
}

/// A terminal obeys control characters, and a line break would begin a line that nobody logged.
fn visible(text: &str) -> String {
    let escaped = text.chars().map(|c| {
        if c.is_control() {
            c.escape_default().to_string()
        } else {
            c.to_string()
        }
    });
    escaped.collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text)
            if !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"') =>
        {
            text.clone()
        }
        other => other.to_string(),
    }
}
