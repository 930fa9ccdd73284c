//! What all events of one place in the code have in common: rendered at the first of them, copied into every line.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use belvedere_core::{Redactor, names::field};
use tracing::{Metadata, callsite::Identifier, field::Field};

use super::json::{json, member, string};

/// What comes before the name of an event's own field when every line has a key of that name.
pub(super) const RESERVED_PREFIX: &str = "field.";
/// Texts of a field that are kept: an outcome is mostly the same one.
const MAX_TEXTS: usize = 2;
/// A longer text is hardly ever said twice.
const MAX_TEXT: usize = 64;

/// The events that a thread has seen. As many as there are places in the code that log.
#[derive(Debug, Default)]
pub(super) struct KnownEvents {
    /// What decided which fields are hidden.
    redactor: Option<Arc<Redactor>>,
    events: HashMap<Identifier, KnownEvent, BuildHasherDefault<Address>>,
}

impl KnownEvents {
    pub(super) fn get(
        &mut self,
        metadata: &Metadata<'_>,
        redactor: &Arc<Redactor>,
    ) -> &mut KnownEvent {
        if !self
            .redactor
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, redactor))
        {
            self.events.clear();
            self.redactor = Some(Arc::clone(redactor));
        }
        let new = || KnownEvent::new(metadata, redactor);
        let event = self.events.entry(metadata.callsite()).or_insert_with(new);
        // Whoever makes his own metadata may give one place several targets.
        if *event.target_name != *metadata.target() {
            *event = new();
        }
        event
    }
}

/// The events of one place.
#[derive(Debug)]
pub(super) struct KnownEvent {
    target_name: Box<str>,
    /// `,"target":"shop::orders"`
    pub(super) target: Box<[u8]>,
    fields: Box<[KnownField]>,
}

impl KnownEvent {
    fn new(metadata: &Metadata<'_>, redactor: &Redactor) -> Self {
        let mut target = Vec::new();
        member(&mut target, "target", metadata.target());
        let fields = metadata.fields().iter();
        let fields = fields.map(|field| KnownField::new(field.name(), redactor));
        Self {
            target_name: metadata.target().into(),
            target: target.into(),
            fields: fields.collect(),
        }
    }

    /// `None` for a field of another place.
    pub(super) fn field(&mut self, field: &Field) -> Option<&mut KnownField> {
        self.fields.get_mut(field.index())
    }
}

/// One field of the events of one place.
#[derive(Debug)]
pub(super) struct KnownField {
    pub(super) name: &'static str,
    /// `,"status_code":`
    pub(super) key: Box<[u8]>,
    pub(super) is_message: bool,
    /// Whether no value of it may be shown.
    pub(super) is_hidden: bool,
    /// Whether its key is not its name, or may be that of another whose key is not its name.
    pub(super) may_collide: bool,
    /// Short texts that it had, each as it was rendered.
    texts: Vec<(Box<str>, Box<[u8]>)>,
}

impl KnownField {
    fn new(name: &'static str, redactor: &Redactor) -> Self {
        let is_reserved = is_reserved(name);
        let mut key = vec![b','];
        if is_reserved {
            json(&mut key, &format_args!("{RESERVED_PREFIX}{name}"));
        } else {
            string(&mut key, name, usize::MAX, true);
        }
        key.push(b':');
        Self {
            name,
            key: key.into(),
            is_message: name == "message",
            is_hidden: redactor.hides(name),
            may_collide: is_reserved || name.starts_with(RESERVED_PREFIX),
            texts: Vec::new(),
        }
    }

    /// `text` as it was rendered before.
    pub(super) fn rendered(&self, text: &str) -> Option<&[u8]> {
        let mut texts = self.texts.iter();
        let found = texts.find(|(known, _)| **known == *text);
        found.map(|(_, rendered)| &**rendered)
    }

    /// Keeps the first ones: constants, where a field has any.
    pub(super) fn keep(&mut self, text: &str, rendered: &[u8]) {
        if text.len() <= MAX_TEXT && self.texts.len() < MAX_TEXTS {
            self.texts.push((text.into(), rendered.into()));
        }
    }
}

/// Whether a line has a key of that name already.
pub(super) fn is_reserved(name: &str) -> bool {
    field::HEAD.contains(&name) || name == super::line::TRUNCATED
}

/// Of something that never moves.
#[derive(Debug, Default)]
struct Address(u64);

impl Hasher for Address {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    /// The table looks at the highest bits and the lowest ones, which are those of a multiple of eight.
    fn write_u64(&mut self, address: u64) {
        self.0 = (self.0 ^ address)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(26);
    }

    fn write_usize(&mut self, address: usize) {
        self.write_u64(address as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_keeps_few_texts_and_none_that_is_long() {
        let mut field = KnownField::new("product", &Redactor::default());
        let long = "x".repeat(MAX_TEXT + 1);
        field.keep(&long, b"");
        assert_eq!(field.rendered(&long), None);
        let texts: Vec<_> = (0..100).map(|number| number.to_string()).collect();
        for text in &texts {
            field.keep(text, text.as_bytes());
        }
        let kept = texts.iter().filter_map(|text| field.rendered(text));
        assert_eq!(kept.collect::<Vec<_>>(), [b"0", b"1"]);
    }
}
