//! The one gate before every signal: which events are logged, which spans exist.

use std::sync::Arc;

use arc_swap::ArcSwap;
use belvedere_core::{RequestContext, names::target::AUDIT};
use tracing::{Level, Metadata, Subscriber, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::{Layer, filter::Targets, layer::Context};

use crate::levels::is_wire;

/// Spans above this level are too fine for a trace.
const SPAN_LEVEL: Level = Level::INFO;

/// What changes are told at: it passes whatever is configured.
const AUDIT_LEVEL: LevelFilter = LevelFilter::WARN;

/// The targets in force, to be changed while the gate stands.
pub(crate) type InForce = Arc<ArcSwap<Targets>>;

/// A global gate, not a per-layer filter: a span that it refuses does not exist at all, so a request that is not
/// sampled pays nothing for the spans of its handlers.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    events: InForce,
    spans: bool,
}

impl Gate {
    /// `spans`: whether any exporter wants users' spans.
    pub(crate) const fn new(events: InForce, spans: bool) -> Self {
        Self { events, spans }
    }

    fn wants_span(&self, metadata: &Metadata<'_>) -> bool {
        self.spans && *metadata.level() <= SPAN_LEVEL && !is_wire(metadata.target())
    }

    fn wants_event(&self, metadata: &Metadata<'_>) -> bool {
        let events = self.events.load();
        // Else whoever silences a service could do so unseen.
        events.would_enable(metadata.target(), metadata.level()) || metadata.target() == AUDIT
    }
}

impl<S: Subscriber> Layer<S> for Gate {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_span() {
            // Whether it exists depends on the request that it is in.
            return if self.wants_span(metadata) {
                Interest::sometimes()
            } else {
                Interest::never()
            };
        }
        if self.wants_event(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        if metadata.is_span() {
            return self.wants_span(metadata)
                && RequestContext::with(RequestContext::is_sampled).unwrap_or(true);
        }
        self.wants_event(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let events = self.events.load();
        let named = events.iter().map(|(_, level)| level);
        let finest = named.chain(events.default_level()).max();
        let spans = if self.spans {
            LevelFilter::from_level(SPAN_LEVEL)
        } else {
            LevelFilter::OFF
        };
        Some(
            finest
                .unwrap_or(LevelFilter::OFF)
                .max(spans)
                .max(AUDIT_LEVEL),
        )
    }
}
