//! Who is compared.

use serde::{Deserialize, Serialize};

/// One side of the comparison: a program and how it is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    /// axum alone.
    Bare,
    /// axum with what tower-http protects it by: panics caught, limits for time and bodies.
    Protected,
    /// Belvedere, every signal off.
    Off,
    /// Every signal on, one trace in a hundred.
    Sampled,
    /// Every signal on, one trace in ten.
    Tenth,
    /// Every signal on, every trace.
    Full,
    /// The same, while the collector takes connections and never answers.
    Hanging,
    /// A crate for each signal, one trace in a hundred.
    DoItYourselfSampled,
    /// A crate for each signal, every trace.
    DoItYourself,
    /// The same with spans from tower-http's `TraceLayer`.
    TraceLayer,
    /// Cloudflare's foundations, every trace.
    Foundations,
    /// loco as its starter sets it up for production: no traces, no metrics, no line for a request.
    Loco,
    /// FastAPI alone.
    FastApi,
    /// FastAPI with structlog, the Prometheus instrumentator and OpenTelemetry, every trace.
    FastApiFull,
}

/// What each side is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Work {
    /// A greeting, out of nothing.
    Hello,
    /// One SELECT by key from PostgreSQL and one GET from Redis.
    Stored,
}

/// What has to be built for a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Bare,
    BareStored,
    Service,
    StoredService,
    DoItYourself,
    Foundations,
    Loco,
    FastApi,
    Growth,
}

/// Where metrics are to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metrics {
    None,
    /// Beside the routes.
    Public,
    /// On a listener of their own.
    Admin,
}

impl Side {
    const ALL: [Self; 14] = [
        Self::Bare,
        Self::Protected,
        Self::Off,
        Self::Sampled,
        Self::Tenth,
        Self::Full,
        Self::Hanging,
        Self::DoItYourselfSampled,
        Self::DoItYourself,
        Self::TraceLayer,
        Self::Foundations,
        Self::Loco,
        Self::FastApi,
        Self::FastApiFull,
    ];

    /// What `make bench-quick` and the gate look at.
    pub(crate) const QUICK: [Self; 5] = [
        Self::Bare,
        Self::Protected,
        Self::Off,
        Self::Sampled,
        Self::Full,
    ];

    const STORED: [Self; 6] = [
        Self::Bare,
        Self::Off,
        Self::Sampled,
        Self::Full,
        Self::DoItYourself,
        Self::FastApiFull,
    ];

    /// Everybody who does this work.
    pub(crate) const fn doing(work: Work) -> &'static [Self] {
        match work {
            Work::Hello => &Self::ALL,
            Work::Stored => &Self::STORED,
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Bare => "bare axum",
            Self::Protected => "axum, protected",
            Self::Off => "belvedere, all off",
            Self::Sampled => "belvedere, traces 1 %",
            Self::Tenth => "belvedere, traces 10 %",
            Self::Full => "belvedere, traces 100 %",
            Self::Hanging => "belvedere, collector hangs",
            Self::DoItYourselfSampled => "do-it-yourself, 1 %",
            Self::DoItYourself => "do-it-yourself, 100 %",
            Self::TraceLayer => "do-it-yourself, TraceLayer",
            Self::Foundations => "foundations, 100 %",
            Self::Loco => "loco, as it starts",
            Self::FastApi => "FastAPI, bare",
            Self::FastApiFull => "FastAPI, 100 %",
        }
    }

    pub(crate) const fn program(self, work: Work) -> Program {
        match (self, work) {
            (Self::Bare, Work::Stored) => Program::BareStored,
            (Self::Bare | Self::Protected, _) => Program::Bare,
            (Self::DoItYourselfSampled | Self::DoItYourself | Self::TraceLayer, _) => {
                Program::DoItYourself
            }
            (Self::Foundations, _) => Program::Foundations,
            (Self::Loco, _) => Program::Loco,
            (Self::FastApi | Self::FastApiFull, _) => Program::FastApi,
            (_, Work::Hello) => Program::Service,
            (_, Work::Stored) => Program::StoredService,
        }
    }

    /// What it is set up by, besides what all are.
    pub(crate) const fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Protected => &[("PROTECTED", "true")],
            Self::Off => &[
                ("PROMETHEUS__IS_ENABLED", "false"),
                ("LOG__LEVEL", "off"),
                ("OTEL_SDK_DISABLED", "true"),
            ],
            Self::TraceLayer => &[("SPANS", "tower-http")],
            Self::FastApiFull => &[("SEEN", "true")],
            _ => &[],
        }
    }

    /// The share of traces that have to arrive; none are made without one.
    pub(crate) const fn traces(self) -> Option<f64> {
        match self {
            Self::Bare | Self::Protected | Self::Off | Self::Loco | Self::FastApi => None,
            Self::Sampled | Self::DoItYourselfSampled => Some(0.01),
            Self::Tenth => Some(0.1),
            _ => Some(1.0),
        }
    }

    /// Whether each request has to leave a line.
    pub(crate) const fn writes_lines(self) -> bool {
        self.traces().is_some()
    }

    pub(crate) const fn metrics(self, work: Work) -> Metrics {
        match (self.traces(), self.program(work)) {
            (None, _) => Metrics::None,
            (_, Program::DoItYourself | Program::FastApi) => Metrics::Public,
            _ => Metrics::Admin,
        }
    }

    /// Whether callgrind can count for it: an interpreter's instructions are not the application's.
    pub(crate) const fn is_native(self) -> bool {
        !matches!(self, Self::FastApi | Self::FastApiFull)
    }
}

impl Work {
    /// The one request that all sides answer alike.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Hello => "/v1/hello/ada",
            Self::Stored => "/v1/stored/item-7",
        }
    }

    /// What has to be in the answer.
    pub(crate) const fn answer(self) -> (&'static str, &'static str) {
        match self {
            Self::Hello => ("hello", "ada"),
            Self::Stored => ("cached", "note 7"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_makes_traces_also_writes_lines_and_counts() {
        for side in Side::ALL {
            let counts = side.metrics(Work::Hello) != Metrics::None;
            assert_eq!(side.traces().is_some(), counts, "{side:?}");
            assert_eq!(side.writes_lines(), counts, "{side:?}");
        }
    }

    #[test]
    fn every_title_is_its_own() {
        let mut titles = Side::ALL.map(Side::title).to_vec();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), Side::ALL.len());
    }
}
