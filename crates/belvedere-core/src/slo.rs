//! The service's own objectives, and whether each request was good by them. HTTP and gRPC count together.

use std::time::Duration;

use metrics::Counter;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    config::{Knob, Seconds},
    names::{buckets, metric},
    settings,
};

settings! {
    /// What callers may expect. Alerts read these from the metrics, so a change needs no new rule.
    pub struct SloConfig {
        /// Share of requests that do not fail by our fault.
        pub availability: Ratio = Ratio(0.999),
        /// A request is fast when it takes this long at most: a bucket of http_request_duration_seconds.
        pub latency_seconds: Bound = Bound(Seconds::new(1)),
        /// Share of requests that are fast.
        pub latency: Ratio = Ratio(0.99),
    }
}

/// A share, above 0 and below 1: an objective of all or nothing leaves no budget to burn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio(f64);

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ratio = f64::deserialize(deserializer)?;
        if ratio > 0.0 && ratio < 1.0 {
            return Ok(Self(ratio));
        }
        Err(serde::de::Error::custom(format_args!(
            "{ratio} is not between 0 and 1"
        )))
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl Knob for Ratio {}

/// A bucket bound: no other latency can be read back from a histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound(Seconds);

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = Seconds::deserialize(deserializer)?;
        let is_bucket = |bucket: &f64| Duration::from_secs_f64(*bucket) == seconds.duration();
        if buckets::HTTP_SECONDS.iter().any(is_bucket) {
            return Ok(Self(seconds));
        }
        Err(serde::de::Error::custom(format_args!(
            "{seconds} is no bucket; known are {:?}",
            buckets::HTTP_SECONDS
        )))
    }
}

impl Serialize for Bound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Knob for Bound {}

/// The counters behind `slo_requests_total`, resolved once.
#[derive(Clone)]
pub struct Slo {
    fast: Duration,
    availability: Counts,
    latency: Counts,
}

impl std::fmt::Debug for Slo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Slo(fast: {:?})", self.fast)
    }
}

#[derive(Clone)]
struct Counts {
    good: Counter,
    bad: Counter,
}

impl Slo {
    /// Tells the objectives (`slo_objective_ratio`). Called after the recorder is installed.
    pub fn new(config: &SloConfig) -> Self {
        for (slo, objective) in [
            ("availability", config.availability),
            ("latency", config.latency),
        ] {
            metrics::gauge!(metric::SLO_OBJECTIVE, "slo" => slo).set(objective.0);
        }
        Self {
            fast: config.latency_seconds.0.duration(),
            availability: Counts::of("availability"),
            latency: Counts::of("latency"),
        }
    }

    /// Counts a request that was answered. One that its caller gave up says nothing about us and is not counted; one
    /// that failed is bad for availability alone, however fast it failed.
    pub fn count(&self, is_server_error: bool, duration: Duration) {
        self.availability.count(!is_server_error);
        if !is_server_error {
            self.latency.count(duration <= self.fast);
        }
    }
}

impl Default for Slo {
    fn default() -> Self {
        Self::new(&SloConfig::default())
    }
}

impl Counts {
    fn of(slo: &'static str) -> Self {
        let counter = |outcome: &'static str| metrics::counter!(metric::SLO_REQUESTS, "slo" => slo, "outcome" => outcome);
        Self {
            good: counter("good"),
            bad: counter("bad"),
        }
    }

    fn count(&self, is_good: bool) {
        let counter = if is_good { &self.good } else { &self.bad };
        counter.increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objective_leaves_a_budget_and_a_latency_is_a_bucket() {
        let read =
            |text: &str| serde_json::from_str::<SloConfig>(text).map_err(|error| error.to_string());
        assert!(read(r#"{"availability": 0.99, "latency_seconds": 2.5}"#).is_ok());
        assert!(
            read(r#"{"availability": 1.0}"#)
                .unwrap_err()
                .contains("not between")
        );
        assert!(
            read(r#"{"latency_seconds": 3}"#)
                .unwrap_err()
                .contains("no bucket")
        );
    }
}
