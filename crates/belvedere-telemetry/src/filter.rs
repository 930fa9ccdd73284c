//! The one gate before every signal: which events are logged, which spans exist.

use arc_swap::ArcSwap;
use belvedere_core::{RequestContext, config::ConfigError};
use std::sync::Arc;
use tracing::{Level, Metadata, Subscriber, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::{Layer, filter::Targets, layer::Context};

/// Targets that print raw headers below `info`.
const WIRE: [&str; 6] = ["h2", "hyper", "rustls", "tonic", "tower", "sqlx"];

/// Spans above this level are too fine for a trace.
const SPAN_LEVEL: Level = Level::INFO;

/// A global gate, not a per-layer filter: a span that it refuses does not exist at all, so a request that is not
/// sampled pays nothing for the spans of its handlers.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    events: Arc<ArcSwap<Targets>>,
    spans: bool,
}

impl Gate {
    /// `spans`: whether any exporter wants users' spans.
    ///
    /// # Errors
    ///
    /// `level` is no level, nor a list of them.
    pub(crate) fn new(level: &str, wire: bool, spans: bool) -> Result<Self, ConfigError> {
        Ok(Self {
            events: Arc::new(ArcSwap::from_pointee(targets(level, wire)?)),
            spans,
        })
    }

    fn wants_span(&self, metadata: &Metadata<'_>) -> bool {
        self.spans && *metadata.level() <= SPAN_LEVEL && !is_wire(metadata.target())
    }

    fn wants_event(&self, metadata: &Metadata<'_>) -> bool {
        self.events
            .load()
            .would_enable(metadata.target(), metadata.level())
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
        let events = self.events.load().iter().map(|(_, level)| level).max();
        let events = events
            .into_iter()
            .chain(self.events.load().default_level())
            .max();
        let spans = if self.spans {
            LevelFilter::from_level(SPAN_LEVEL)
        } else {
            LevelFilter::OFF
        };
        Some(events.unwrap_or(LevelFilter::OFF).max(spans))
    }
}

/// The configured levels, with the wire-level targets held at `info`.
fn targets(level: &str, wire: bool) -> Result<Targets, ConfigError> {
    let parsed = level.parse::<Targets>().ok();
    let targets = parsed
        .filter(|_| level.split(',').all(is_directive))
        .ok_or_else(|| {
            let known = "a level (off, error, warn, info, debug, trace), or a list such as info,shop::orders=debug";
            ConfigError::new("LOG__LEVEL", format!("{level:?} is not valid: it is {known}"))
        })?;
    if wire {
        return Ok(targets);
    }
    let named: Vec<_> = targets
        .iter()
        .map(|(target, level)| (target.to_owned(), cap(target, level)))
        .collect();
    let default = targets.default_level().unwrap_or(LevelFilter::OFF);
    let held = WIRE
        .iter()
        .map(|target| ((*target).to_owned(), default.min(LevelFilter::INFO)));
    Ok(Targets::new()
        .with_default(default)
        .with_targets(held)
        .with_targets(named))
}

/// A word alone is a level: `Targets` takes any other word for a target, and would switch off everything else.
fn is_directive(text: &str) -> bool {
    let is_level = |text: &str| !text.is_empty() && text.parse::<LevelFilter>().is_ok();
    text.contains('=') || is_level(text.trim())
}

fn cap(target: &str, level: LevelFilter) -> LevelFilter {
    if is_wire(target) {
        level.min(LevelFilter::INFO)
    } else {
        level
    }
}

fn is_wire(target: &str) -> bool {
    let root = target.split("::").next().unwrap_or(target);
    WIRE.iter().any(|wire| {
        root == *wire
            || root
                .strip_prefix(wire)
                .is_some_and(|rest| rest.starts_with('_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enables(level: &str, wire: bool, target: &str, at: Level) -> bool {
        targets(level, wire).unwrap().would_enable(target, &at)
    }

    #[test]
    fn wire_targets_stay_at_info_whatever_the_level() {
        for level in ["trace", "trace,h2=trace", "hyper=debug,h2::codec=trace"] {
            assert!(!enables(level, false, "h2::codec", Level::DEBUG), "{level}");
        }
        assert!(enables("trace", false, "shop", Level::TRACE));
        assert!(enables("info", false, "h2", Level::INFO));
        assert!(enables("trace", true, "h2", Level::TRACE));
        assert!(is_wire("hyper_util::client") && !is_wire("towering"));
    }

    #[test]
    fn what_is_no_level_is_told_with_its_variable() {
        for level in ["loud", "infos", "", "info,", "info,shop=loud", "shop"] {
            let error = targets(level, false).unwrap_err().to_string();
            assert!(error.contains("LOG__LEVEL"), "{level}: {error}");
        }
        for level in ["INFO", "info, shop=debug", "shop::orders=trace", "off"] {
            assert!(targets(level, false).is_ok(), "{level}");
        }
    }

    #[test]
    fn off_is_off_for_wire_targets_too() {
        assert!(!enables("off", false, "h2", Level::ERROR));
        assert!(!enables("off", false, "shop", Level::ERROR));
    }
}
