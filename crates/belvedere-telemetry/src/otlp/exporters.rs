//! `OTEL_TRACES_EXPORTER` and its like: a list (OpenTelemetry, "Environment Variable Specification", "Exporter Selection").

use belvedere_core::config::ConfigError;

use super::Signal;

/// What a list comes to here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exporters {
    /// Nothing is said.
    Unset,
    /// `otlp` is one of them.
    Otlp,
    /// None of them is `otlp`.
    Others,
}

impl Exporters {
    /// `list`: names between commas.
    pub(super) fn of(signal: Signal, list: &str) -> Result<Self, ConfigError> {
        let names = list.split(',').map(str::trim);
        names
            .filter(|name| !name.is_empty())
            .try_fold(Self::Unset, |so_far, name| {
                Ok(match Self::named(signal, name)? {
                    Self::Others if so_far == Self::Otlp => so_far,
                    found => found,
                })
            })
    }

    fn named(signal: Signal, name: &str) -> Result<Self, ConfigError> {
        match name {
            "otlp" => Ok(Self::Otlp),
            "none" => Ok(Self::Others),
            // Platforms set it; it is pulled from the admin listener in any case.
            "prometheus" if signal.is_pulled() => Ok(Self::Others),
            "console" | "logging" => Err(refused(signal, name, CONSOLE)),
            _ => Err(refused(signal, name, "")),
        }
    }

    /// For `telemetry_configured`.
    pub(super) fn why_off(self, signal: Signal, list: &str) -> String {
        let variable = signal.exporter_variable();
        match self {
            Self::Unset => format!("{variable} is not set"),
            _ => format!("{variable} is {}", list.trim()),
        }
    }
}

/// What to do instead.
const CONSOLE: &str = ": stdout has the log and nothing else, in any case; take it out of the list";

fn refused(signal: Signal, name: &str, mend: &str) -> ConfigError {
    let known = if signal.is_pulled() {
        "otlp, prometheus and none"
    } else {
        "otlp and none"
    };
    let message = format!("{name:?} is not valid{mend} (known are {known})");
    ConfigError::new(signal.exporter_variable(), message)
}
