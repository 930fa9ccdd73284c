use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant, SystemTime},
};

use pprof::{ProfilerGuard, ProfilerGuardBuilder};

use crate::{ProfileError, flame, pprof_format, stacks::Stacks};

/// Stacks a second of CPU time. Not 100: what runs every 10 ms would always, or never, be met.
pub const FREQUENCY: i32 = 99;
/// The signal and its timer belong to the process: so does this.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// How a profile is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A flame graph for a browser.
    Svg,
    /// Gzipped protobuf for `pprof` and what reads the same.
    Pprof,
}

/// A profile that is being taken. Dropping it ends it.
#[must_use = "it ends when it is dropped"]
pub struct Sampling {
    guard: ProfilerGuard<'static>,
    turn: Turn,
    at: SystemTime,
    began: Instant,
}

impl std::fmt::Debug for Sampling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sampling")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl Sampling {
    /// Collects from now on.
    ///
    /// # Errors
    ///
    /// Another one is being taken; or the timer cannot be had.
    pub fn begin() -> Result<Self, ProfileError> {
        let turn = Turn::take().ok_or(ProfileError::Busy)?;
        let guard = ProfilerGuardBuilder::default()
            .frequency(FREQUENCY)
            .build()?;
        Ok(Self {
            guard,
            turn,
            at: SystemTime::now(),
            began: Instant::now(),
        })
    }

    /// Ends it, and writes it down on a thread of its own: finding the names of what was seen takes up to seconds.
    ///
    /// # Errors
    ///
    /// What was collected cannot be read or written down.
    pub async fn finish(self, format: Format) -> Result<Vec<u8>, ProfileError> {
        let Self {
            guard,
            turn,
            at,
            began,
        } = self;
        let collected = guard.report().build_unresolved()?;
        let took = began.elapsed();
        drop(guard);
        let written = tokio::task::spawn_blocking(move || {
            let stacks = Stacks::resolve(collected);
            let written = write(&stacks, format, at, took);
            drop(turn);
            written
        });
        written
            .await
            .map_err(|error| ProfileError::Write(error.into()))?
    }
}

fn write(
    stacks: &Stacks,
    format: Format,
    at: SystemTime,
    took: Duration,
) -> Result<Vec<u8>, ProfileError> {
    match format {
        Format::Svg => Ok(flame::render(stacks, took).into_bytes()),
        Format::Pprof => {
            let profile = pprof_format::Profile::of(stacks, at, took);
            profile
                .compress()
                .map_err(|error| ProfileError::Write(error.into()))
        }
    }
}

/// The right to take one.
#[derive(Debug)]
struct Turn;

impl Turn {
    fn take() -> Option<Self> {
        (!IS_TAKEN.swap(true, Ordering::AcqRel)).then_some(Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        IS_TAKEN.store(false, Ordering::Release);
    }
}
