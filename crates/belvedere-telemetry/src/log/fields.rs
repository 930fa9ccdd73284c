//! An event's own fields as JSON members.

use std::{
    error::Error,
    fmt::{self, Write},
};

use belvedere_core::{REDACTED, Redactor, names::field};
use tracing::{
    Level,
    field::{Field, Visit},
};

use super::json::{json, string};

/// The field by which `critical!` marks its events.
const CRITICAL: &str = "critical";
/// A longer value is cut, so that one field cannot fill the line.
pub(super) const MAX_VALUE: usize = 4 * 1024;
/// Where collecting ends: no line has room for more.
const MAX_FIELDS: usize = 16 * 1024;
/// What comes before the name of an event's own field when every line has a key of that name.
const RESERVED_PREFIX: &str = "field.";

/// What an event says. Its buffers are used again for the next event.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// The message as it may be shown.
    pub(super) message: String,
    /// Whether the message lacks its end.
    pub(super) is_message_cut: bool,
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
        (self.is_message_cut, self.is_critical, self.is_cut) = (false, false, false);
        self.has_prefixed = false;
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
    redactor: &'b Redactor,
    level: Level,
}

impl<'b> Fields<'b> {
    /// `level`: that of the event.
    pub(super) fn new(collected: &'b mut Collected, redactor: &'b Redactor, level: Level) -> Self {
        Self {
            collected,
            redactor,
            level,
        }
    }

    /// Formats into a buffer that outlives the value, so that formatting allocates nothing.
    fn formatted(&mut self, field: &Field, format: impl FnOnce(&mut Capped<'_>) -> fmt::Result) {
        let mut text = std::mem::take(&mut self.collected.text);
        text.clear();
        let is_whole = format(&mut Capped(&mut text)).is_ok();
        self.text(field, &text, is_whole);
        self.collected.text = text;
    }

    fn text(&mut self, field: &Field, value: &str, is_whole: bool) {
        let shown = if is_whole {
            self.redactor.show(field.name(), value)
        } else {
            self.redactor.show_start(field.name(), value)
        };
        // A mark would tell that what is hidden is long.
        let is_whole = is_whole || shown == REDACTED;
        if field.name() == "message" {
            return self.message(&shown, is_whole);
        }
        self.member(field, |out| string(out, &shown, MAX_VALUE, is_whole));
    }

    /// Of two messages the first counts, as of all fields.
    fn message(&mut self, shown: &str, is_whole: bool) {
        if self.collected.message.is_empty() {
            self.collected.message.push_str(shown);
            self.collected.is_message_cut = !is_whole;
        }
    }

    fn scalar<T: serde::Serialize>(&mut self, field: &Field, value: T) {
        if self.redactor.hides(field.name()) {
            return self.member(field, |out| json(out, REDACTED));
        }
        self.member(field, |out| json(out, &value));
    }

    fn member(&mut self, field: &Field, write_value: impl FnOnce(&mut Vec<u8>)) {
        let name = field.name();
        let collected = &mut *self.collected;
        let is_reserved = is_reserved(name);
        collected.has_prefixed |= is_reserved || name.starts_with(RESERVED_PREFIX);
        let mut names = collected.members.iter().map(|(own, _)| *own);
        if names.any(|own| own == name) || collected.has_prefixed && collected.collides(name) {
            return;
        }
        if collected.json.len() > MAX_FIELDS {
            collected.is_cut = true;
            return;
        }
        key(&mut collected.json, name, is_reserved);
        write_value(&mut collected.json);
        collected.members.push((name, collected.json.len()));
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.formatted(field, |text| write!(text, "{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let end = value.floor_char_boundary(MAX_VALUE);
        self.text(field, &value[..end], end == value.len());
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

/// Whether a line has a key of that name already.
fn is_reserved(name: &str) -> bool {
    field::HEAD.contains(&name) || name == super::line::TRUNCATED
}

fn key(out: &mut Vec<u8>, name: &str, is_reserved: bool) {
    out.push(b',');
    if is_reserved {
        json(out, &format_args!("{RESERVED_PREFIX}{name}"));
    } else {
        string(out, name, usize::MAX, true);
    }
    out.push(b':');
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
