use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::BaggageKeys;

/// How trace context comes in and goes out.
#[derive(Debug, Clone, Default)]
pub struct Propagation {
    /// `OTEL_PROPAGATORS`.
    pub propagators: Propagators,
    /// `TRACE__BAGGAGE_KEYS`.
    pub baggage_keys: BaggageKeys,
    /// `TRACE__RESPONSE_HEADER`.
    pub response: ResponseTrace,
}

/// One way to name a trace in headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagator {
    /// `traceparent` and `tracestate`.
    TraceContext = 1,
    /// `baggage`.
    Baggage = 2,
    /// `b3`.
    B3 = 4,
    /// `x-b3-traceid`, `x-b3-spanid`, `x-b3-sampled`, `x-b3-flags`.
    B3Multi = 8,
}

/// By OpenTelemetry's names.
const KNOWN: [(&str, Propagator); 4] = [
    ("tracecontext", Propagator::TraceContext),
    ("baggage", Propagator::Baggage),
    ("b3", Propagator::B3),
    ("b3multi", Propagator::B3Multi),
];
/// The name of their absence.
const NONE: &str = "none";

/// A set of them. Default: those of the W3C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Propagators(u8);

impl Propagators {
    /// Nothing comes in, nothing goes out.
    pub const NONE: Self = Self(0);

    /// Whether `one` is among them.
    pub const fn has(self, one: Propagator) -> bool {
        self.0 & one as u8 != 0
    }

    const fn with(self, one: Propagator) -> Self {
        Self(self.0 | one as u8)
    }
}

impl Default for Propagators {
    fn default() -> Self {
        Self::NONE
            .with(Propagator::TraceContext)
            .with(Propagator::Baggage)
    }
}

impl fmt::Display for Propagators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = KNOWN.iter().filter(|(_, one)| self.has(*one));
        let names: Vec<_> = names.map(|(name, _)| *name).collect();
        let text = names.join(",");
        f.write_str(if text.is_empty() { NONE } else { &text })
    }
}

/// A comma-separated list, or `none`. A name may be there twice.
impl FromStr for Propagators {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim() == NONE {
            return Ok(Self::NONE);
        }
        let mut all = Self::NONE;
        for name in text.split(',').map(str::trim) {
            let found = KNOWN.iter().find(|(known, _)| *known == name);
            let (_, one) = found.ok_or_else(|| unknown(name))?;
            all = all.with(*one);
        }
        Ok(all)
    }
}

fn unknown(name: &str) -> String {
    let known = KNOWN.map(|(name, _)| name).join(", ");
    format!("{name:?} is no propagator: known are {known}, and {NONE} by itself")
}

impl<'de> Deserialize<'de> for Propagators {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Serialize for Propagators {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The response header that names the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResponseTrace {
    /// `traceresponse: 00-<trace>-<span>-<flags>`.
    #[serde(rename = "traceresponse")]
    TraceResponse,
    /// `server-timing: traceparent;desc="..."`, which browsers show and hand to scripts.
    #[default]
    ServerTiming,
    /// Both of them.
    Both,
    /// Neither.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_survives_its_own_text_and_its_order_is_none() {
        for (text, shown) in [
            ("tracecontext,baggage", "tracecontext,baggage"),
            ("b3multi, b3 ,baggage,b3", "baggage,b3,b3multi"),
            ("none", "none"),
        ] {
            assert_eq!(text.parse::<Propagators>().unwrap().to_string(), shown);
        }
        assert_eq!(Propagators::default().to_string(), "tracecontext,baggage");
    }

    #[test]
    fn what_is_no_propagator_is_named_with_what_is() {
        for (text, named) in [
            ("tracecontext,jaeger", "\"jaeger\""),
            ("none,b3", "\"none\""),
            ("b3,", "\"\""),
            ("TraceContext", "\"TraceContext\""),
        ] {
            let error = text.parse::<Propagators>().unwrap_err();
            assert!(error.starts_with(named), "{error}");
            assert!(error.contains("b3multi"), "{error}");
        }
    }
}
