use std::borrow::Cow;

use super::{
    REDACTED,
    keys::{is_sensitive, leaf},
    text::{redact_cut, redact_start, redact_text},
};

/// Decides what no signal may show: by key, and by what a value looks like.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    extra: Vec<String>,
}

impl Redactor {
    /// The built-in keys and `extra` ones (`REDACT__KEYS`), compared without regard to case.
    pub fn new(extra: impl IntoIterator<Item = String>) -> Self {
        Self {
            extra: extra.into_iter().collect(),
        }
    }

    /// Whether a value under `key` must not be shown.
    pub fn hides(&self, key: &str) -> bool {
        is_sensitive(key) || self.is_extra(key)
    }

    /// `value` as it may be shown under `key`.
    pub fn show<'v>(&self, key: &str, value: &'v str) -> Cow<'v, str> {
        if self.hides(key) {
            return Cow::Borrowed(REDACTED);
        }
        self.show_text(value)
    }

    /// `value` as it may be shown under a key that hides nothing.
    pub fn show_text<'v>(&self, value: &'v str) -> Cow<'v, str> {
        redact_text(value)
    }

    /// The same for the start of a value that was cut: the end may be what tells a secret from other text, so what may yet
    /// become one is hidden too.
    pub fn show_start<'v>(&self, key: &str, start: &'v str) -> Cow<'v, str> {
        if self.hides(key) {
            return Cow::Borrowed(REDACTED);
        }
        redact_start(start)
    }

    /// At most `max` bytes of `value`, as they may be shown under `key`.
    pub fn show_cut<'v>(&self, key: &str, value: &'v str, max: usize) -> Cow<'v, str> {
        if self.hides(key) {
            return Cow::Borrowed(REDACTED);
        }
        redact_cut(value, max)
    }

    /// Redacts a whole JSON tree in place, at any depth.
    pub fn redact_json(&self, tree: &mut serde_json::Value) {
        match tree {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    self.redact_entry(key, value);
                }
            }
            serde_json::Value::Array(items) => {
                for item in items {
                    self.redact_json(item);
                }
            }
            serde_json::Value::String(text) => {
                if let Cow::Owned(shown) = redact_text(text) {
                    *text = shown;
                }
            }
            _ => {}
        }
    }

    fn redact_entry(&self, key: &str, value: &mut serde_json::Value) {
        if self.hides(key) && !value.is_null() {
            *value = REDACTED.into();
        } else {
            self.redact_json(value);
        }
    }

    fn is_extra(&self, key: &str) -> bool {
        let is_named = |extra: &String| leaf(key).eq_ignore_ascii_case(extra);
        self.extra.iter().any(is_named)
    }
}
