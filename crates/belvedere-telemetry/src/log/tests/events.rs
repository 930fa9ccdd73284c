//! Events that no macro makes, and values that nobody would log on purpose.

use std::{fmt, iter, sync::Arc};

use belvedere_core::{
    Identity, NewRequest, REDACTED, RequestContext, context::Route, trace::Tracer,
};
use fastrand::Rng;
use serde_json::Value as Json;
use tracing::{
    Level, Metadata,
    callsite::{Callsite, Identifier},
    field::{Field, FieldSet, Visit},
    metadata::Kind,
    subscriber::Interest,
};

use super::support::{moment, style};
use crate::log::line::Scratch;

pub(super) struct NoCallsite;

impl Callsite for NoCallsite {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        unreachable!("nobody asks it")
    }
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Str(String),
    Debug(String),
    Float(f64),
    Int(i64),
    Big(u128),
    Bool(bool),
}

struct Shown<'s>(&'s str);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// An event that no macro made: `tracing`'s take 32 fields and literal names.
pub(super) fn render(fields: &[(&'static str, Value)]) -> String {
    let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    let set = FieldSet::new(Box::leak(names.into_boxed_slice()), Identifier(&NoCallsite));
    let metadata = Metadata::new(
        "event",
        "shop",
        Level::ERROR,
        None,
        None,
        None,
        set,
        Kind::EVENT,
    );
    let (mut scratch, style) = (Scratch::default(), style());
    let mut render = || {
        scratch.render(&style, moment(), &metadata, |visitor| {
            for (field, (_, value)) in metadata.fields().iter().zip(fields) {
                value.record(&field, visitor);
            }
        });
        String::from_utf8(scratch.line.clone()).unwrap()
    };
    let text = render();
    assert_eq!(render(), text, "known or not, an event is the same line");
    text
}

impl Value {
    fn record(&self, field: &Field, visitor: &mut dyn Visit) {
        match self {
            Self::Str(text) => visitor.record_str(field, text),
            Self::Debug(text) => visitor.record_debug(field, &Shown(text)),
            Self::Float(number) => visitor.record_f64(field, *number),
            Self::Int(number) => visitor.record_i64(field, *number),
            Self::Big(number) => visitor.record_u128(field, *number),
            Self::Bool(flag) => visitor.record_bool(field, *flag),
        }
    }

    /// Whether `shown` is this value, hidden, or the beginning of it with a mark.
    pub(super) fn is_shown_by(&self, shown: &Json) -> bool {
        match (self, shown) {
            (_, Json::String(shown)) if shown == REDACTED => true,
            (Self::Str(text) | Self::Debug(text), Json::String(shown)) => {
                let begins = shown
                    .strip_suffix("...")
                    .is_some_and(|cut| text.starts_with(cut));
                shown == text || begins && text.len() > 600
            }
            (Self::Float(number), Json::Null) => !number.is_finite(),
            // The reader rounds the last digit its own way.
            (Self::Float(number), shown) => shown
                .as_f64()
                .is_some_and(|shown| (shown - number).abs() <= number.abs() * 1e-15),
            (Self::Int(number), shown) => shown.as_i64() == Some(*number),
            (Self::Big(_), shown) => shown.is_number(),
            (Self::Bool(flag), shown) => shown.as_bool() == Some(*flag),
            _ => false,
        }
    }
}

fn text(rng: &mut Rng) -> String {
    const HOSTILE: [char; 20] = [
        '"',
        '\\',
        '\n',
        '\r',
        '\t',
        '\0',
        '\u{1b}',
        '\u{7f}',
        '\u{85}',
        '\u{2028}',
        '\u{2029}',
        '\u{feff}',
        '\u{fffd}',
        '{',
        '}',
        ',',
        ':',
        'e',
        '\u{e9}',
        '\u{1f980}',
    ];
    let length = [3, 20, 300, 1500, 9000][rng.usize(..5)];
    let one = rng.bool().then(|| HOSTILE[rng.usize(..HOSTILE.len())]);
    iter::repeat_with(|| one.unwrap_or_else(|| HOSTILE[rng.usize(..HOSTILE.len())]))
        .take(length)
        .collect()
}

pub(super) fn value(rng: &mut Rng) -> Value {
    match rng.u8(..7) {
        0 => Value::Debug(text(rng)),
        1 => Value::Float([f64::NAN, f64::INFINITY, -0.0, 1e300, rng.f64()][rng.usize(..5)]),
        2 => Value::Int(rng.i64(..)),
        3 => Value::Big(rng.u128(..)),
        4 => Value::Bool(rng.bool()),
        _ => Value::Str(text(rng)),
    }
}

pub(super) fn name(rng: &mut Rng) -> &'static str {
    const NAMES: [&str; 22] = [
        "timestamp",
        "level",
        "message",
        "target",
        "version",
        "truncated",
        "field.level",
        "field.truncated",
        "critical",
        "trace_id",
        "tenant_id",
        "path",
        "route",
        "password",
        "a",
        "b",
        "c",
        "",
        "quote\"d",
        "line\nbreak",
        "\u{2028}",
        "field.",
    ];
    NAMES[rng.usize(..NAMES.len())]
}

pub(super) fn context(rng: &mut Rng) -> Arc<RequestContext> {
    let (path, route) = (text(rng), text(rng));
    let context = NewRequest::new(&Route::new("GET", &route), &path).begin(&Tracer::off());
    if rng.bool() {
        context.bind_identity(Identity {
            tenant_id: text(rng).into(),
            user_id: rng.bool().then(|| text(rng).into()),
        });
    }
    context
}
