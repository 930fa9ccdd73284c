use std::{fmt, sync::Arc};

use belvedere_core::trace::SpanReader;
use tracing_subscriber::{Layer, Registry};

use crate::TelemetryConfig;

const NOT_BUILT_IN: &str = "off: not built in";

/// A layer beside those of telemetry itself.
pub type BesideLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Who sees what telemetry does: what tells of errors and of requests elsewhere.
pub struct Beside {
    /// Sees every event that is logged, besides the log. `None`: nobody.
    pub layer: Option<BesideLayer>,
    /// Whether errors are told elsewhere, and why: for `telemetry_configured`.
    pub why: &'static str,
    /// Makes something of finished spans: one more back end of traces, with a ratio of its own. `None`: nobody.
    pub spans: Option<Arc<dyn SpanReader>>,
    /// Whether that is so, and why: likewise.
    pub why_spans: &'static str,
}

impl Beside {
    /// Without spans where none are to be made.
    pub(crate) fn obeying(self, config: &TelemetryConfig) -> Self {
        if config.otel.sdk_disabled && self.spans.is_some() {
            return Self {
                spans: None,
                why_spans: "off: OTEL_SDK_DISABLED is true",
                ..self
            };
        }
        self
    }

    pub(crate) fn describe_spans(&self) -> String {
        match &self.spans {
            Some(reader) => format!("{}, ratio {}", self.why_spans, reader.ratio()),
            None => self.why_spans.to_owned(),
        }
    }
}

impl Default for Beside {
    fn default() -> Self {
        Self {
            layer: None,
            why: NOT_BUILT_IN,
            spans: None,
            why_spans: NOT_BUILT_IN,
        }
    }
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside")
            .field("why", &self.why)
            .field("why_spans", &self.why_spans)
            .finish_non_exhaustive()
    }
}
