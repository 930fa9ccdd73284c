//! What a caller may ask for. serde's words for a bad value say what would be a good one.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

/// A longer one is not better, but another one.
const MAX_SECONDS: u64 = 60;
/// Enough stacks to see what matters: 990 of each thread that is always busy.
const SECONDS: u64 = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Order {
    pub(super) seconds: Seconds,
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    #[default]
    Svg,
    Pprof,
}

/// 1 to 60, whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seconds(u64);

impl Seconds {
    pub(super) const fn get(self) -> u64 {
        self.0
    }

    pub(super) const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl Default for Seconds {
    fn default() -> Self {
        Self(SECONDS)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let told = String::deserialize(deserializer)?;
        let seconds = told
            .parse()
            .ok()
            .filter(|seconds| (1..=MAX_SECONDS).contains(seconds));
        let refusal = || D::Error::custom("has to be a whole number of seconds, 1 to 60");
        seconds.map(Self).ok_or_else(refusal)
    }
}
