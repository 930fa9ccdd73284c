//! Which targets are logged, and from which level on: as configured, and as ordered since.

use belvedere_core::{
    config::ConfigError,
    control::{DEFAULT_LOGGER, LogLevel},
};
use tracing::{Level, level_filters::LevelFilter};
use tracing_subscriber::filter::Targets;

/// Targets that print raw headers below `info`.
const WIRE: [&str; 6] = ["h2", "hyper", "rustls", "tonic", "tower", "sqlx"];

/// Each with its level, the finest first.
const LEVELS: [(Level, LogLevel); 5] = [
    (Level::TRACE, LogLevel::Trace),
    (Level::DEBUG, LogLevel::Debug),
    (Level::INFO, LogLevel::Info),
    (Level::WARN, LogLevel::Warn),
    (Level::ERROR, LogLevel::Error),
];

/// `LOG__LEVEL` and `LOG__WIRE`.
#[derive(Debug)]
pub(crate) struct Levels {
    configured: Targets,
    wire: bool,
}

impl Levels {
    /// # Errors
    ///
    /// `level` is no level, nor a list of them.
    pub(crate) fn parse(level: &str, wire: bool) -> Result<Self, ConfigError> {
        let parsed = level.parse::<Targets>().ok();
        let configured = parsed
            .filter(|_| level.split(',').all(is_directive))
            .ok_or_else(|| {
                let known = "a level (off, error, warn, info, debug, trace), or a list such as info,shop::orders=debug";
                ConfigError::new("LOG__LEVEL", format!("{level:?} is not valid: it is {known}"))
            })?;
        Ok(Self { configured, wire })
    }

    /// With `orders` over what is configured, and the wire-level targets held at `info`.
    pub(crate) fn with(&self, orders: &[(&str, LogLevel)]) -> Targets {
        let ordered = orders.iter().find(|(target, _)| *target == DEFAULT_LOGGER);
        let default = ordered.map_or_else(
            || self.configured.default_level().unwrap_or(LevelFilter::OFF),
            |(_, level)| (*level).into(),
        );
        let held = WIRE
            .iter()
            .filter(|_| !self.wire)
            .map(|target| (*target, default.min(LevelFilter::INFO)));
        let named = orders
            .iter()
            .filter(|(target, _)| *target != DEFAULT_LOGGER)
            .map(|(target, level)| (*target, (*level).into()));
        let named = self.configured.iter().chain(named);
        Targets::new()
            .with_default(default)
            .with_targets(held)
            .with_targets(named.map(|(target, level)| (target.to_owned(), self.cap(target, level))))
    }

    fn cap(&self, target: &str, level: LevelFilter) -> LevelFilter {
        if !self.wire && is_wire(target) {
            level.min(LevelFilter::INFO)
        } else {
            level
        }
    }
}

/// The level that is in force for `target`.
pub(crate) fn in_force(targets: &Targets, target: &str) -> LogLevel {
    let is_on = |level: &Level| {
        if target == DEFAULT_LOGGER {
            targets.default_level() >= Some(LevelFilter::from_level(*level))
        } else {
            targets.would_enable(target, level)
        }
    };
    let found = LEVELS.iter().find(|(level, _)| is_on(level));
    found.map_or(LogLevel::Off, |(_, level)| *level)
}

/// A word alone is a level: `Targets` takes any other word for a target, and would switch off everything else.
fn is_directive(text: &str) -> bool {
    let is_level = |text: &str| !text.is_empty() && text.parse::<LevelFilter>().is_ok();
    text.contains('=') || is_level(text.trim())
}

pub(crate) fn is_wire(target: &str) -> bool {
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
        let levels = Levels::parse(level, wire).unwrap();
        levels.with(&[]).would_enable(target, &at)
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
            let error = Levels::parse(level, false).unwrap_err().to_string();
            assert!(error.contains("LOG__LEVEL"), "{level}: {error}");
        }
        for level in ["INFO", "info, shop=debug", "shop::orders=trace", "off"] {
            assert!(Levels::parse(level, false).is_ok(), "{level}");
        }
    }

    #[test]
    fn off_is_off_for_wire_targets_too() {
        assert!(!enables("off", false, "h2", Level::ERROR));
        assert!(!enables("off", false, "shop", Level::ERROR));
    }

    #[test]
    fn orders_stand_over_what_is_configured() {
        let levels = Levels::parse("info,shop=warn,shop::users=error", false).unwrap();
        let orders = [("shop", LogLevel::Debug), (DEFAULT_LOGGER, LogLevel::Off)];
        let targets = levels.with(&orders);
        for (target, wanted) in [
            ("shop::orders", LogLevel::Debug),
            ("shop::users", LogLevel::Error),
            ("other", LogLevel::Off),
            ("h2", LogLevel::Off),
            (DEFAULT_LOGGER, LogLevel::Off),
        ] {
            assert_eq!(in_force(&targets, target), wanted, "{target}");
        }
    }

    #[test]
    fn wire_targets_are_held_against_orders_too() {
        let orders = [
            ("h2", LogLevel::Trace),
            ("hyper_util::client", LogLevel::Debug),
            (DEFAULT_LOGGER, LogLevel::Trace),
        ];
        let (held, free) = (
            Levels::parse("info", false).unwrap().with(&orders),
            Levels::parse("info", true).unwrap().with(&orders),
        );
        for target in ["h2", "hyper_util::client", "sqlx::query"] {
            assert_eq!(in_force(&held, target), LogLevel::Info, "{target}");
        }
        assert_eq!(in_force(&held, "shop"), LogLevel::Trace);
        assert_eq!(in_force(&free, "h2"), LogLevel::Trace);
        assert_eq!(in_force(&free, "hyper_util::client"), LogLevel::Debug);
    }
}
