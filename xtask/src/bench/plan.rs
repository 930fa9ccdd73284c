//! How much is measured: all of it, or just enough to see that everything works.

use std::env;

use super::build::Form;

/// Sizes of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Whether the figures mean nothing.
    pub(crate) is_trial: bool,
    /// Rounds per side, interleaved.
    pub(crate) rounds: usize,
    /// Requests of a round, as fast as answers come.
    requests: u32,
    /// Enough to fill the caches, the pools and the allocator.
    pub(crate) warm_up: u32,
    /// Requests a second for the latencies, and for how many seconds.
    pub(crate) rate: u32,
    seconds: u32,
    /// Starts per side.
    pub(crate) starts: usize,
    /// Rounds of each point in a curve.
    pub(crate) points: usize,
}

impl Plan {
    /// `QUICK=1` is for trying the harness.
    pub(crate) fn from_environment() -> Self {
        match env::var("QUICK") {
            Ok(quick) if !["", "0", "false"].contains(&quick.as_str()) => Self::TRIAL,
            _ => Self::WHOLE,
        }
    }

    const WHOLE: Self = Self {
        is_trial: false,
        rounds: 7,
        // Some 30 clock ticks for bare axum, so that one tick more or less is 3 %.
        requests: 50_000,
        warm_up: 10_000,
        rate: 5000,
        seconds: 5,
        starts: 5,
        points: 3,
    };

    const TRIAL: Self = Self {
        is_trial: true,
        rounds: 2,
        requests: 2000,
        warm_up: 100,
        rate: 5000,
        seconds: 1,
        starts: 1,
        points: 1,
    };

    pub(crate) const fn form(self) -> Form {
        if self.is_trial {
            Form::Debug
        } else {
            Form::Release
        }
    }

    /// Fewer where one takes twenty times as long.
    pub(crate) const fn requests(self, is_native: bool) -> u32 {
        if is_native {
            self.requests
        } else {
            self.requests / 5
        }
    }

    /// Of one round at the rate.
    pub(crate) const fn at_rate(self) -> u32 {
        self.rate * self.seconds
    }
}
