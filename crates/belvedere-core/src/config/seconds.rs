use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest time that a knob takes: a day.
const MAX: f64 = 86_400.0;

/// A time in seconds, fractions allowed, 0 to a day.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Seconds(f64);

impl Seconds {
    /// For defaults, which are whole numbers.
    pub const fn new(seconds: u32) -> Self {
        Self(seconds as f64)
    }

    /// As the standard library counts it.
    pub fn duration(self) -> Duration {
        Duration::from_secs_f64(self.0)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        if (0.0..=MAX).contains(&seconds) {
            return Ok(Self(seconds));
        }
        Err(serde::de::Error::custom(format_args!(
            "{seconds} is not between 0 and {MAX} seconds"
        )))
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}
