//! Values of OTLP as plain text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;

pub(super) fn of_resource(resource: Option<Resource>) -> BTreeMap<String, String> {
    let attributes = resource.map(|resource| resource.attributes);
    of_attributes(attributes.unwrap_or_default())
}

pub(super) fn of_attributes(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let pairs = attributes.into_iter();
    pairs.map(|pair| (pair.key, of_value(pair.value))).collect()
}

pub(super) fn of_value(value: Option<AnyValue>) -> String {
    match value.and_then(|any| any.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::BoolValue(flag)) => flag.to_string(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BytesValue(bytes)) => hex(&bytes),
        Some(Value::ArrayValue(array)) => {
            let items = array.values.into_iter();
            let items: Vec<_> = items.map(|item| of_value(Some(item))).collect();
            items.join(",")
        }
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
