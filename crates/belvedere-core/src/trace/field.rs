use std::{borrow::Cow, fmt, sync::Arc};

use super::Value;

/// What a span says besides its name; of a key without a value, nothing.
pub type Fields = Vec<(&'static str, Option<FieldValue>)>;

/// What a field says, kept until its span ends.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// Text, which is redacted as any.
    Text(Box<str>),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Double(f64),
    /// Yes or no.
    Bool(bool),
}

impl FieldValue {
    /// As it is displayed.
    pub fn display(value: impl fmt::Display) -> Option<Self> {
        Some(Self::Text(value.to_string().into()))
    }

    /// As it is debugged.
    pub fn debug(value: impl fmt::Debug) -> Option<Self> {
        Self::display(format_args!("{value:?}"))
    }

    pub(super) fn as_value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Str(text),
            Self::Int(number) => Value::Int(*number),
            Self::Double(number) => Value::Double(*number),
            Self::Bool(flag) => Value::Bool(*flag),
        }
    }
}

/// What can be a field of a span as it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value of a span's field",
    label = "texts, numbers, booleans and options of them are",
    note = "write `key = %value` to record it as it is displayed, `key = ?value` as it is debugged"
)]
pub trait Field {
    /// `None` is no field at all.
    fn field(&self) -> Option<FieldValue>;
}

impl Field for str {
    fn field(&self) -> Option<FieldValue> {
        Some(FieldValue::Text(self.into()))
    }
}

impl Field for bool {
    fn field(&self) -> Option<FieldValue> {
        Some(FieldValue::Bool(*self))
    }
}

impl<T: Field + ?Sized> Field for &T {
    fn field(&self) -> Option<FieldValue> {
        (**self).field()
    }
}

impl<T: Field + ?Sized> Field for &mut T {
    fn field(&self) -> Option<FieldValue> {
        (**self).field()
    }
}

impl<T: Field + ?Sized> Field for Box<T> {
    fn field(&self) -> Option<FieldValue> {
        (**self).field()
    }
}

impl<T: Field + ?Sized> Field for Arc<T> {
    fn field(&self) -> Option<FieldValue> {
        (**self).field()
    }
}

impl<T: Field> Field for Option<T> {
    fn field(&self) -> Option<FieldValue> {
        self.as_ref()?.field()
    }
}

impl Field for String {
    fn field(&self) -> Option<FieldValue> {
        self.as_str().field()
    }
}

impl Field for Cow<'_, str> {
    fn field(&self) -> Option<FieldValue> {
        (**self).field()
    }
}

macro_rules! numbers {
    ($($number:ty => $variant:ident as $into:ty),+) => {$(
        impl Field for $number {
            fn field(&self) -> Option<FieldValue> {
                Some(FieldValue::$variant(*self as $into))
            }
        }
    )+};
}

numbers!(
    i8 => Int as i64, i16 => Int as i64, i32 => Int as i64, i64 => Int as i64, isize => Int as i64,
    u8 => Int as i64, u16 => Int as i64, u32 => Int as i64,
    f32 => Double as f64, f64 => Double as f64
);

/// One that fits no whole number of OpenTelemetry's is the largest.
fn saturated(number: impl TryInto<i64>) -> Option<FieldValue> {
    Some(FieldValue::Int(number.try_into().unwrap_or(i64::MAX)))
}

impl Field for u64 {
    fn field(&self) -> Option<FieldValue> {
        saturated(*self)
    }
}

impl Field for usize {
    fn field(&self) -> Option<FieldValue> {
        saturated(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_what_is_in_it_and_a_number_that_is_too_large_the_largest() {
        assert_eq!(None::<&str>.field(), None);
        let text = FieldValue::Text("a".into());
        assert_eq!(Some("a".to_owned()).field(), Some(text));
        assert_eq!(u64::MAX.field(), Some(FieldValue::Int(i64::MAX)));
        assert_eq!((-3_i8).field(), Some(FieldValue::Int(-3)));
        assert_eq!(0.5_f32.field(), Some(FieldValue::Double(0.5)));
    }
}
