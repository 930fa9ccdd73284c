//! `opentelemetry.proto.logs.v1.LogRecord`, out of a finished line: what leaves is what stdout shows, redacted and cut alike.

use std::{borrow::Cow, time::SystemTime};

use belvedere_core::{names::field, trace::Value};
use memchr::memchr2;

use super::{
    attribute::{any_value, plain_attribute},
    span::nanos,
    wire::{bytes, fixed32, fixed64, nested, unsigned},
};

/// `ScopeLogs.log_records`: lines are written as entries of the list they will be sent in.
const LOG_RECORDS: u32 = 2;

const TIME: u32 = 1;
const SEVERITY_NUMBER: u32 = 2;
const SEVERITY_TEXT: u32 = 3;
const BODY: u32 = 5;
const ATTRIBUTES: u32 = 6;
const FLAGS: u32 = 8;
const TRACE_ID: u32 = 9;
const SPAN_ID: u32 = 10;
const OBSERVED_TIME: u32 = 11;

/// Appends the line that was made at `now` as an entry of `ScopeLogs.log_records`.
pub(crate) fn log_record(out: &mut Vec<u8>, line: &[u8], now: SystemTime) {
    nested(out, LOG_RECORDS, |out| {
        fixed64(out, TIME, nanos(now));
        fixed64(out, OBSERVED_TIME, nanos(now));
        // A line is UTF-8: it is looked at once as a whole, not member by member.
        for (key, value) in members(str::from_utf8(line).unwrap_or_default()) {
            member(out, &key.unescaped(), value);
        }
    });
}

/// The fields of the record have their own places; what the resource says is left out; all others are attributes.
fn member(out: &mut Vec<u8>, key: &str, value: Raw<'_>) {
    let Some(value) = Scalar::read(value) else {
        return;
    };
    match (key, value.text()) {
        ("timestamp" | "service" | "environment" | "version", _) => {}
        ("level", Some(level)) => {
            unsigned(out, SEVERITY_NUMBER, severity(level));
            bytes(out, SEVERITY_TEXT, level.as_bytes());
        }
        ("message", Some(message)) => any_value(out, BODY, Value::Str(message)),
        (field::TRACE_ID, Some(id)) if id.len() == 32 => id_field(out, TRACE_ID, key, id),
        (field::SPAN_ID, Some(id)) if id.len() == 16 => id_field(out, SPAN_ID, key, id),
        (field::TRACE_FLAGS, Some(flags)) => fixed32(out, FLAGS, u32::from(flags == "01")),
        _ => plain_attribute(out, ATTRIBUTES, key, value.as_value()),
    }
}

/// An event may name something else like an id: then it is an attribute.
fn id_field(out: &mut Vec<u8>, field: u32, key: &str, id: &str) {
    let mut decoded = [0; 16];
    let decoded = &mut decoded[..id.len() / 2];
    let pairs = id.as_bytes().chunks_exact(2);
    let is_id = decoded.iter_mut().zip(pairs).all(|(byte, pair)| {
        let digits = str::from_utf8(pair).ok();
        let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        value.map(|value| *byte = value).is_some()
    });
    if is_id {
        bytes(out, field, decoded);
    } else {
        plain_attribute(out, ATTRIBUTES, key, Value::Str(id));
    }
}

/// `SeverityNumber` of logs.proto; what a person has to see at once is `FATAL` there.
fn severity(level: &str) -> u64 {
    match level {
        "trace" => 1,
        "debug" => 5,
        "info" => 9,
        "warn" => 13,
        "error" => 17,
        _ => 21,
    }
}

/// What stands after a key of a line.
enum Scalar<'l> {
    Text(Cow<'l, str>),
    Other(Value<'l>),
}

impl<'l> Scalar<'l> {
    /// `null` says nothing.
    fn read(value: Raw<'l>) -> Option<Self> {
        let text = match value {
            Raw::Quoted(text) => return Some(Self::Text(text.unescaped())),
            Raw::Bare(text) => text,
        };
        Some(Self::Other(match text {
            "null" => return None,
            "true" | "false" => Value::Bool(text == "true"),
            number => read_number(number),
        }))
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }

    fn as_value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Str(text),
            Self::Other(value) => *value,
        }
    }
}

/// A whole number that 64 bits do not hold is told as its text: as another number it would be a wrong one.
fn read_number(text: &str) -> Value<'_> {
    if let Ok(whole) = text.parse() {
        return Value::Int(whole);
    }
    match text.parse() {
        Ok(number) if text.contains(['.', 'e', 'E']) => Value::Double(number),
        _ => Value::Str(text),
    }
}

/// A value as it stands in a line.
enum Raw<'l> {
    Quoted(Quoted<'l>),
    Bare(&'l str),
}

/// What is between the quotes of a JSON string.
struct Quoted<'l> {
    inside: &'l str,
    is_escaped: bool,
}

impl<'l> Quoted<'l> {
    /// The string that `json` begins with, and what comes after it.
    fn split(json: &'l str) -> Option<(Self, &'l str)> {
        let inside = json.strip_prefix('"')?;
        let (mut end, mut is_escaped) = (0, false);
        loop {
            end += memchr2(b'"', b'\\', inside.as_bytes().get(end..)?)?;
            if inside.as_bytes()[end] == b'"' {
                break;
            }
            is_escaped = true;
            end += 2;
        }
        let (inside, after) = (&inside[..end], &inside[end + 1..]);
        Some((Self { inside, is_escaped }, after))
    }

    fn unescaped(&self) -> Cow<'l, str> {
        if !self.is_escaped {
            return self.inside.into();
        }
        let quoted = format!("\"{}\"", self.inside);
        let text: String = serde_json::from_str(&quoted).unwrap_or_default();
        text.into()
    }
}

/// Keys and values of a line, which nests nothing.
fn members(line: &str) -> impl Iterator<Item = (Quoted<'_>, Raw<'_>)> {
    let mut rest = line;
    std::iter::from_fn(move || {
        // After a brace or a comma.
        let (key, after) = Quoted::split(rest.get(1..)?)?;
        let value = after.strip_prefix(':')?;
        let (value, after) = match Quoted::split(value) {
            Some((text, after)) => (Raw::Quoted(text), after),
            None => bare(value)?,
        };
        rest = after;
        Some((key, value))
    })
}

fn bare(value: &str) -> Option<(Raw<'_>, &str)> {
    let end = memchr2(b',', b'}', value.as_bytes())?;
    let (value, after) = value.split_at(end);
    Some((Raw::Bare(value), after))
}

#[cfg(test)]
mod tests;
