//! An event's own fields as JSON members.

use std::{
    error::Error,
    fmt::{self, Write},
};

use belvedere_core::{REDACTED, Redactor};
use tracing::{
    Level,
    field::{Field, Visit},
};

use super::{
    json::{json, string},
    known::{KnownEvent, KnownField, RESERVED_PREFIX, is_reserved},
};

/// The field by which `critical!` marks its events.
const CRITICAL: &str = "critical";
/// A longer value is cut, so that one field cannot fill the line.
pub(super) const MAX_VALUE: usize = 4 * 1024;
/// An empty JSON string.
const NO_MESSAGE: &[u8] = b"\"\"";
/// Where collecting ends: no line has room for more.
const MAX_FIELDS: usize = 16 * 1024;
/// What an event says. Its buffers are used again for the next event.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// The message as a JSON string, as it may be shown; empty where there is none.
    message: Vec<u8>,
    pub(super) is_critical: bool,
    /// Whether there were more fields than any line has room for.
    pub(super) is_cut: bool,
    /// Whether a field's key is not its name, or may be that of one.
    has_prefixed: bool,
    /// Members, each with its leading comma.
    json: Vec<u8>,
    /// The field of each member, and where the member ends in `json`.
    members: Vec<(&'static str, usize)>,
    /// What a formatter writes.
    text: String,
}

impl Collected {
    pub(super) fn clear(&mut self) {
        self.message.clear();
        self.json.clear();
        self.members.clear();
        (self.is_critical, self.is_cut) = (false, false);
        self.has_prefixed = false;
    }

    pub(super) fn message(&self) -> &[u8] {
        if self.message.is_empty() {
            return NO_MESSAGE;
        }
        &self.message
    }

    /// Whether the event has a value of its own under `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(own, _)| *own == name)
    }

    /// Whether `name` would have the key of another field.
    fn collides(&self, name: &str) -> bool {
        let mut names = self.members.iter().map(|(own, _)| *own);
        names.any(|own| is_prefixed(own, name) || is_prefixed(name, own))
    }

    /// Begins a member, unless its key is taken or no line has room for it.
    fn begin(&mut self, field: &KnownField) -> bool {
        let name = field.name;
        self.has_prefixed |= field.may_collide;
        if self.has(name) || self.has_prefixed && self.collides(name) {
            return false;
        }
        if self.json.len() > MAX_FIELDS {
            self.is_cut = true;
            return false;
        }
        self.json.extend_from_slice(&field.key);
        true
    }

    fn end(&mut self, field: &KnownField) {
        self.members.push((field.name, self.json.len()));
    }

    /// The members that fit into `room` bytes, and whether these are all.
    pub(super) fn within(&self, room: usize) -> (&[u8], bool) {
        let fit = self.members.partition_point(|(_, end)| *end <= room);
        let end = fit.checked_sub(1).map_or(0, |last| self.members[last].1);
        (&self.json[..end], fit == self.members.len() && !self.is_cut)
    }
}

/// Visits the fields of one event.
#[derive(Debug)]
pub(super) struct Fields<'b> {
    collected: &'b mut Collected,
    known: &'b mut KnownEvent,
    redactor: &'b Redactor,
    level: Level,
}

impl<'b> Fields<'b> {
    /// `level`: that of the event.
    pub(super) fn new(
        collected: &'b mut Collected,
        known: &'b mut KnownEvent,
        redactor: &'b Redactor,
        level: Level,
    ) -> Self {
        Self {
            collected,
            known,
            redactor,
            level,
        }
    }

    /// Formats into a buffer that outlives the value, so that formatting allocates nothing.
    fn formatted(&mut self, field: &Field, format: impl FnOnce(&mut Capped<'_>) -> fmt::Result) {
        let mut text = std::mem::take(&mut self.collected.text);
        text.clear();
        let is_whole = format(&mut Capped(&mut text)).is_ok();
        self.text(field, |field, redactor, out| {
            show(field, redactor, &text, is_whole, out);
        });
        self.collected.text = text;
    }

    /// Of two messages the first counts, as of all fields.
    fn text(
        &mut self,
        field: &Field,
        write: impl FnOnce(&mut KnownField, &Redactor, &mut Vec<u8>),
    ) {
        let Some(field) = self.known.field(field) else {
            return;
        };
        if !field.is_message {
            if self.collected.begin(field) {
                write(field, self.redactor, &mut self.collected.json);
                self.collected.end(field);
            }
        } else if self.collected.message.is_empty() {
            write(field, self.redactor, &mut self.collected.message);
        }
    }

    fn scalar<T: serde::Serialize>(&mut self, field: &Field, value: T) {
        let Some(field) = self.known.field(field) else {
            return;
        };
        if self.collected.begin(field) {
            let out = &mut self.collected.json;
            if field.is_hidden {
                json(out, REDACTED);
            } else {
                json(out, &value);
            }
            self.collected.end(field);
        }
    }
}

/// As it was rendered before, or else rendered now.
fn repeat(field: &mut KnownField, redactor: &Redactor, value: &str, out: &mut Vec<u8>) {
    if let Some(rendered) = field.rendered(value) {
        return out.extend_from_slice(rendered);
    }
    let before = out.len();
    let end = value.floor_char_boundary(MAX_VALUE);
    if show(field, redactor, &value[..end], end == value.len(), out) {
        field.keep(value, &out[before..]);
    }
}

/// Whether nothing of it is hidden or missing.
fn show(
    field: &KnownField,
    redactor: &Redactor,
    value: &str,
    is_whole: bool,
    out: &mut Vec<u8>,
) -> bool {
    let shown = match (field.is_hidden, is_whole) {
        (true, _) => REDACTED.into(),
        (false, true) => redactor.show_text(value),
        (false, false) => redactor.show_start(field.name, value),
    };
    // A mark would tell that what is hidden is long.
    string(out, &shown, MAX_VALUE, is_whole || shown == REDACTED);
    is_whole && shown == value
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.formatted(field, |text| write!(text, "{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, |field, redactor, out| {
            repeat(field, redactor, value, out);
        });
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.formatted(field, |text| write_chain(text, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if value && field.name() == CRITICAL && self.level == Level::ERROR {
            self.collected.is_critical = true;
        } else {
            self.scalar(field, value);
        }
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

/// `field.level` is what `level` becomes.
fn is_prefixed(long: &str, name: &str) -> bool {
    long.strip_prefix(RESERVED_PREFIX) == Some(name) && is_reserved(name)
}

/// An error with its sources: `could not save: connection reset`.
fn write_chain(out: &mut Capped<'_>, error: &(dyn Error + 'static)) -> fmt::Result {
    write!(out, "{error}")?;
    let mut source = error.source();
    while let Some(below) = source {
        write!(out, ": {below}")?;
        source = below.source();
    }
    Ok(())
}

/// Stops a formatter that wants to write more than a value may have.
struct Capped<'t>(&'t mut String);

impl Write for Capped<'_> {
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
