//! `opentelemetry.proto.logs.v1.LogRecord`, out of a finished line: what leaves is what stdout shows, redacted and cut alike.

use std::{borrow::Cow, time::SystemTime};

use belvedere_core::{names::field, trace::Value};
use memchr::{memchr, memchr2};

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
        for (key, value) in members(line) {
            member(out, key, value);
        }
    });
}

/// The fields of the record have their own places; what the resource says is left out; all others are attributes.
fn member(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let key = unescaped(key);
    let Some(value) = Scalar::read(value) else {
        return;
    };
    match (&*key, value.text()) {
        ("timestamp" | "service" | "environment" | "version", _) => {}
        ("level", Some(level)) => {
            unsigned(out, SEVERITY_NUMBER, severity(level));
            bytes(out, SEVERITY_TEXT, level.as_bytes());
        }
        ("message", Some(message)) => any_value(out, BODY, Value::Str(message)),
        (field::TRACE_ID, Some(id)) if id.len() == 32 => id_field(out, TRACE_ID, &key, id),
        (field::SPAN_ID, Some(id)) if id.len() == 16 => id_field(out, SPAN_ID, &key, id),
        (field::TRACE_FLAGS, Some(flags)) => fixed32(out, FLAGS, u32::from(flags == "01")),
        _ => plain_attribute(out, ATTRIBUTES, &key, value.as_value()),
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
    fn read(json: &'l [u8]) -> Option<Self> {
        if let [b'"', text @ .., b'"'] = json {
            return Some(Self::Text(unescaped(text)));
        }
        let text = str::from_utf8(json).ok()?;
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

/// Keys, without their quotes, and values of a line, which nests nothing.
fn members(line: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = line.get(1..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (key, after) = rest.get(1..)?.split_at_checked(string_len(rest)?)?;
        let value = after.get(2..)?;
        let length = match value.first()? {
            b'"' => string_len(value)? + 2,
            _ => memchr2(b',', b'}', value)?,
        };
        let (value, after) = value.split_at_checked(length)?;
        rest = after.get(1..).unwrap_or_default();
        Some((key, value))
    })
}

/// Bytes between the quotes of the string that `json` begins with.
fn string_len(json: &[u8]) -> Option<usize> {
    let inside = json.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', inside.get(at..)?)?;
        if inside[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// What is between the quotes of a JSON string.
fn unescaped(inside: &[u8]) -> Cow<'_, str> {
    if memchr(b'\\', inside).is_none() {
        return String::from_utf8_lossy(inside);
    }
    let quoted = [b"\"", inside, b"\""].concat();
    let text: String = serde_json::from_slice(&quoted).unwrap_or_default();
    text.into()
}

#[cfg(test)]
mod tests;
