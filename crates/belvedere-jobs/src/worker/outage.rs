use std::time::Duration;

use belvedere_core::names::event;
use sqlx::Error;

/// A database that is away is not asked more often.
const LONGEST: Duration = Duration::from_secs(5);

/// Whether the queue can be read and written: told when that changes, not each time.
#[derive(Debug, Default)]
pub(super) struct Outage {
    failures: u32,
}

impl Outage {
    pub(super) fn saw(&mut self, error: Option<&Error>) {
        match error {
            Some(error) => {
                if self.failures == 0 {
                    let error: &(dyn std::error::Error + 'static) = error;
                    tracing::warn!(message = event::JOB_QUEUE_FAILED, error);
                }
                self.failures = self.failures.saturating_add(1);
            }
            None if self.failures > 0 => {
                tracing::info!(
                    message = event::JOB_QUEUE_RECOVERED,
                    failures = self.failures
                );
                self.failures = 0;
            }
            None => {}
        }
    }

    /// A longer pause the longer it lasts.
    pub(super) fn at_least(&self, pause: Duration) -> Duration {
        if self.failures == 0 {
            return pause;
        }
        let doubled = Duration::from_millis(250).saturating_mul(1 << self.failures.min(6));
        pause.max(doubled.min(LONGEST).mul_f64(0.5 + fastrand::f64()))
    }
}
