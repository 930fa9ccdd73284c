//! What an order may say. serde's words for a bad value say what would be a good one.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// Longer than a day is no exception any more, but a configuration.
const MAX_SECONDS: u64 = 24 * 60 * 60;
/// Longer than any path in a program.
const MAX_TARGET: usize = 128;

/// How long an order stands: 1 s to 24 h, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ttl(pub(super) Duration);

impl<'de> Deserialize<'de> for Ttl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let told = Value::deserialize(deserializer)?;
        let seconds = told
            .as_u64()
            .filter(|seconds| (1..=MAX_SECONDS).contains(seconds));
        let refusal =
            || D::Error::custom("has to be a whole number of seconds, 1 to 86400 (24 hours)");
        seconds
            .map(Duration::from_secs)
            .map(Self)
            .ok_or_else(refusal)
    }
}

/// As it is shown, the second that runs included: an order of 600 s is told back as one.
pub(super) fn seconds_left(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

/// A share: 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ratio(pub(super) f64);

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let told = Value::deserialize(deserializer)?;
        let ratio = told.as_f64().filter(|ratio| (0.0..=1.0).contains(ratio));
        let refusal = || D::Error::custom("has to be a number from 0 (nothing) to 1 (everything)");
        ratio.map(Self).ok_or_else(refusal)
    }
}

/// Whether `target` can be one: a path such as `shop::orders`.
pub(super) fn is_target(target: &str) -> bool {
    target.len() <= MAX_TARGET && target.split("::").all(is_identifier)
}

fn is_identifier(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let mut bytes = text.bytes();
    bytes.next().is_some_and(is_letter)
        && bytes.all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_time_is_a_second_to_a_day() {
        for (seconds, wanted) in [(json!(1), 1), (json!(86_400), 86_400)] {
            let ttl = serde_json::from_value::<Ttl>(seconds).unwrap();
            assert_eq!(ttl.0.as_secs(), wanted);
        }
        for bad in [
            json!(0),
            json!(86_401),
            json!(-1),
            json!(1.5),
            json!("60"),
            json!(1e300),
        ] {
            let told = serde_json::from_value::<Ttl>(bad).unwrap_err().to_string();
            assert!(told.contains("1 to 86400"), "{told}");
        }
    }

    #[test]
    fn a_ratio_is_a_number_from_nothing_to_everything() {
        for good in [json!(0), json!(0.25), json!(1), json!(1.0)] {
            assert!(serde_json::from_value::<Ratio>(good).is_ok());
        }
        for bad in [
            json!(-0.1),
            json!(1.01),
            json!("1"),
            json!(null),
            json!(true),
        ] {
            let told = serde_json::from_value::<Ratio>(bad)
                .unwrap_err()
                .to_string();
            assert!(told.contains("from 0"), "{told}");
        }
    }

    #[test]
    fn a_target_is_a_path_in_a_program() {
        for good in ["shop", "shop::orders", "_x::y_2", &"x".repeat(128)] {
            assert!(is_target(good), "{good}");
        }
        let long = "x".repeat(129);
        for bad in [
            "",
            "::",
            "shop::",
            "::shop",
            "shop:orders",
            "a=b",
            "a,b",
            "é",
            "2x",
            "a b",
            "*",
            &long,
        ] {
            assert!(!is_target(bad), "{bad}");
        }
    }
}
