//! What an event of `tracing` says, bounded and redacted.

use std::{
    error::Error,
    fmt::{self, Write},
};

use belvedere_core::Redactor;
use sentry_core::protocol::{Map, Value};
use tracing::field::{Field, Visit};

/// Bytes of one text.
const MAX_TEXT: usize = 2 * 1024;
/// Fields of one event.
const MAX_FIELDS: usize = 32;
/// Errors of one chain.
const MAX_CHAIN: usize = 8;

/// One event.
#[derive(Debug)]
pub(crate) struct Said<'r> {
    redactor: &'r Redactor,
    pub(crate) message: String,
    pub(crate) fields: Map<String, Value>,
    /// Type and text of an error and of its sources, the outermost first.
    pub(crate) chain: Vec<(String, String)>,
}

impl<'r> Said<'r> {
    pub(crate) fn by(event: &tracing::Event<'_>, redactor: &'r Redactor) -> Self {
        let mut said = Self {
            redactor,
            message: String::new(),
            fields: Map::new(),
            chain: Vec::new(),
        };
        event.record(&mut said);
        said
    }

    /// Takes a field out.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        match self.fields.remove(name)? {
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    }

    fn text(&mut self, name: &str, text: &str, is_whole: bool) {
        let shown = if is_whole {
            self.redactor.show_cut(name, text, MAX_TEXT)
        } else {
            self.redactor.show_start(name, text)
        };
        let shown = shown.into_owned();
        if name == "message" {
            self.message = shown;
        } else {
            self.value(name, shown.into());
        }
    }

    fn formatted(&mut self, name: &str, format: impl FnOnce(&mut Capped) -> fmt::Result) {
        let mut text = Capped(String::new());
        let is_whole = format(&mut text).is_ok();
        self.text(name, &text.0, is_whole);
    }

    fn value(&mut self, name: &str, value: Value) {
        if self.fields.len() < MAX_FIELDS {
            self.fields.insert(name.to_owned(), value);
        }
    }

    fn scalar(&mut self, field: &Field, value: Value) {
        let name = field.name();
        if self.redactor.hides(name) {
            return self.value(name, belvedere_core::REDACTED.into());
        }
        self.value(name, value);
    }

    fn shown(&self, error: &dyn Error) -> String {
        let mut text = Capped(String::new());
        if write!(text, "{error}").is_ok() {
            self.redactor.show("message", &text.0).into_owned()
        } else {
            self.redactor.show_start("message", &text.0).into_owned()
        }
    }
}

impl Visit for Said<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.formatted(field.name(), |text| write!(text, "{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value, true);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        if self.redactor.hides(field.name()) {
            return;
        }
        let mut next = Some(value);
        while let Some(error) = next.filter(|_| self.chain.len() < MAX_CHAIN) {
            self.chain.push((type_of(error), self.shown(error)));
            next = error.source();
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.scalar(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.scalar(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.scalar(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.scalar(field, value.into());
    }
}

/// An error's type is not known any more; its `Debug` form mostly begins with it.
fn type_of(error: &dyn Error) -> String {
    let mut text = Capped(String::new());
    // Only the begin is wanted.
    let _ = write!(text, "{error:?}");
    let is_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    let name: String = text.0.chars().take_while(is_name).take(64).collect();
    let is_type = name.starts_with(|c: char| c.is_ascii_uppercase())
        && text.0.len() > name.len()
        && text.0[name.len()..].starts_with(['(', ' ', '{']);
    if is_type { name } else { "Error".to_owned() }
}

/// Stops a formatter that wants to write more than a text may have.
struct Capped(String);

impl Write for Capped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = text.floor_char_boundary(MAX_TEXT - self.0.len());
        self.0.push_str(&text[..end]);
        if end == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}
