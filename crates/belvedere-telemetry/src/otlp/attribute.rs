//! `opentelemetry.proto.common.v1`: `KeyValue` and `AnyValue`.

use std::borrow::Cow;

use belvedere_core::{REDACTED, Redactor, trace::Value};
use opentelemetry::{KeyValue, Value as SdkValue};

use super::wire::{bytes, field_len, fixed64, message, short_tag, unsigned, varint_len};

/// Bytes of one text: a longer one is cut, so that one attribute cannot fill a batch.
const MAX_TEXT: usize = 4 * 1024;
/// Bytes of key and text up to which each length of a `KeyValue` takes one byte.
const SHORT: usize = 127 - 6;

const KEY: u32 = 1;
const VALUE: u32 = 2;
const STRING: u32 = 1;
const BOOL: u32 = 2;
const INT: u32 = 3;
const DOUBLE: u32 = 4;

/// Appends one `KeyValue` as `field` of the message around it.
pub(crate) fn attribute(
    out: &mut Vec<u8>,
    field: u32,
    redactor: &Redactor,
    key: &str,
    value: Value<'_>,
) {
    match value {
        Value::Str(text) => {
            let shown = shown(redactor, key, text);
            plain_attribute(out, field, key, Value::Str(&shown));
        }
        _ if redactor.hides(key) => plain_attribute(out, field, key, Value::Str(REDACTED)),
        other => plain_attribute(out, field, key, other),
    }
}

/// The same for one of the SDK's. Lists are told as their text.
pub(crate) fn owned_attribute(out: &mut Vec<u8>, field: u32, redactor: &Redactor, pair: &KeyValue) {
    let key = pair.key.as_str();
    match &pair.value {
        SdkValue::Bool(flag) => attribute(out, field, redactor, key, Value::Bool(*flag)),
        SdkValue::I64(number) => attribute(out, field, redactor, key, Value::Int(*number)),
        SdkValue::F64(number) => attribute(out, field, redactor, key, Value::Double(*number)),
        SdkValue::String(text) => attribute(out, field, redactor, key, text.as_str().into()),
        other => attribute(out, field, redactor, key, Value::Str(&other.as_str())),
    }
}

/// The same for what is redacted and cut already.
pub(super) fn plain_attribute(out: &mut Vec<u8>, field: u32, key: &str, value: Value<'_>) {
    match value {
        Value::Str(text) | Value::Const(text) if key.len() + text.len() <= SHORT => {
            short_text(out, field, key, text);
        }
        _ => {
            message(out, field, field_len(key.len()) + field_len(any_len(value)));
            bytes(out, KEY, key.as_bytes());
            any_value(out, VALUE, value);
        }
    }
}

/// Nearly every attribute: the same bytes, with fewer questions.
fn short_text(out: &mut Vec<u8>, field: u32, key: &str, text: &str) {
    let [key_len, text_len] = [key.len() as u8, text.len() as u8];
    out.extend_from_slice(&[
        short_tag(field),
        key_len + text_len + 6,
        short_tag(KEY),
        key_len,
    ]);
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(&[short_tag(VALUE), text_len + 2, short_tag(STRING), text_len]);
    out.extend_from_slice(text.as_bytes());
}

/// One `AnyValue` as `field` of the message around it.
pub(super) fn any_value(out: &mut Vec<u8>, field: u32, value: Value<'_>) {
    message(out, field, any_len(value));
    any(out, value);
}

const fn any_len(value: Value<'_>) -> usize {
    match value {
        Value::Str(text) | Value::Const(text) => field_len(text.len()),
        Value::Bool(_) => 2,
        Value::Int(number) => 1 + varint_len(number as u64),
        Value::Double(_) => 9,
    }
}

fn any(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Str(text) | Value::Const(text) => bytes(out, STRING, text.as_bytes()),
        Value::Bool(flag) => unsigned(out, BOOL, flag.into()),
        // Two's complement: a negative number takes ten bytes.
        Value::Int(number) => unsigned(out, INT, number as u64),
        Value::Double(number) => fixed64(out, DOUBLE, number.to_bits()),
    }
}

/// What may be shown of `text` under `key`.
pub(super) fn shown<'t>(redactor: &Redactor, key: &str, text: &'t str) -> Cow<'t, str> {
    redactor.show_cut(key, text, MAX_TEXT)
}

pub(crate) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}
