//! An event's own fields as JSON members.

use std::{
    error::Error,
    fmt::{self, Write},
};

use belvedere_core::{REDACTED, Redactor};
use tracing::field::{Field, FieldSet, Visit};

/// A longer string is cut, so that one field cannot fill the line.
const MAX_VALUE: usize = 4 * 1024;
/// The fields of one event together; what comes after is left out and the line says so.
const MAX_FIELDS: usize = 8 * 1024;
/// Keys that every line has already: an event's own field of that name gets this before it.
const RESERVED_PREFIX: &str = "field.";
const RESERVED: [&str; 7] = [
    "timestamp",
    "level",
    "message",
    "target",
    "service",
    "environment",
    "version",
];
/// What follows a string that was cut.
const CUT_MARK: &str = "...";

/// Collects members into `out`, and the message apart.
#[derive(Debug)]
pub(super) struct Fields<'b> {
    out: &'b mut Vec<u8>,
    message: &'b mut String,
    redactor: &'b Redactor,
    names: &'b FieldSet,
    truncated: bool,
}

impl<'b> Fields<'b> {
    /// `names`: all fields of the event's callsite.
    pub(super) fn new(
        out: &'b mut Vec<u8>,
        message: &'b mut String,
        redactor: &'b Redactor,
        names: &'b FieldSet,
    ) -> Self {
        Self {
            out,
            message,
            redactor,
            names,
            truncated: false,
        }
    }

    pub(super) fn finish(self) {
        if self.truncated {
            self.out.extend_from_slice(b",\"truncated\":true");
        }
    }

    fn text(&mut self, field: &Field, value: &str, whole: bool) {
        if field.name() == "message" {
            return self.message.push_str(&self.redactor.show("message", value));
        }
        let shown = self.redactor.show(field.name(), value);
        self.member(field, |out| {
            json(out, &*shown);
            if !whole {
                // The mark goes inside the string, before its closing quote.
                out.pop();
                out.extend_from_slice(CUT_MARK.as_bytes());
                out.push(b'"');
            }
        });
    }

    fn scalar<T: serde::Serialize>(&mut self, field: &Field, value: T) {
        if self.redactor.hides(field.name()) {
            return self.member(field, |out| json(out, REDACTED));
        }
        self.member(field, |out| json(out, &value));
    }

    fn member(&mut self, field: &Field, write_value: impl FnOnce(&mut Vec<u8>)) {
        if self.truncated || self.is_repeated(field) || is_critical_mark(field) {
            return;
        }
        let before = self.out.len();
        self.key(field.name());
        write_value(self.out);
        if self.out.len() > MAX_FIELDS {
            self.out.truncate(before);
            self.truncated = true;
        }
    }

    /// A name that stands twice in one event: the first one counts.
    fn is_repeated(&self, field: &Field) -> bool {
        let mut before = self.names.iter().take(field.index());
        before.any(|earlier| earlier.name() == field.name())
    }

    fn key(&mut self, name: &str) {
        self.out.push(b',');
        if RESERVED.contains(&name) {
            json(self.out, &format_args!("{RESERVED_PREFIX}{name}"));
        } else {
            json(self.out, name);
        }
        self.out.push(b':');
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = Capped::default();
        let whole = write!(text, "{value:?}").is_ok();
        self.text(field, &text.0, whole);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let end = value.floor_char_boundary(MAX_VALUE);
        self.text(field, &value[..end], end == value.len());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = Capped::default();
        let whole = write_chain(&mut text, value).is_ok();
        self.text(field, &text.0, whole);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.scalar(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.scalar(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.scalar(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.scalar(field, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.scalar(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.scalar(field, value);
    }
}

/// An error with its sources: `could not save: connection reset`.
fn write_chain(out: &mut Capped, error: &(dyn Error + 'static)) -> fmt::Result {
    write!(out, "{error}")?;
    let mut source = error.source();
    while let Some(below) = source {
        write!(out, ": {below}")?;
        source = below.source();
    }
    Ok(())
}

/// The mark of `critical!`, which became the level.
fn is_critical_mark(field: &Field) -> bool {
    field.name() == super::line::CRITICAL
}

/// Stops a formatter that wants to write more than a value may have.
#[derive(Debug, Default)]
struct Capped(String);

impl Write for Capped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX_VALUE - self.0.len();
        let end = text.floor_char_boundary(room);
        self.0.push_str(&text[..end]);
        if end == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}

pub(super) fn json<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Scalars and strings are JSON, and a vector takes everything.
    let _ = serde_json::to_writer(out, value);
}
