use std::time::Duration;

use belvedere_core::names::metric;
use metrics::{Counter, Histogram, counter, histogram};

/// The series of one kind of job: known from the start, at 0.
#[derive(Debug)]
pub(super) struct Series {
    ok: Counter,
    retried: Counter,
    dead: Counter,
    duration: Histogram,
    panics: Counter,
}

/// How a run ended, as `jobs_total` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok,
    Retried,
    Dead,
}

impl Outcome {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Retried => "retried",
            Self::Dead => "dead",
        }
    }
}

impl Series {
    pub(super) fn of(job: &'static str) -> Self {
        let runs = |outcome: Outcome| {
            let counter = counter!(metric::JOBS, "job" => job, "outcome" => outcome.as_str());
            counter.increment(0);
            counter
        };
        let panics = counter!(metric::PANICS, "where" => "job");
        panics.increment(0);
        Self {
            ok: runs(Outcome::Ok),
            retried: runs(Outcome::Retried),
            dead: runs(Outcome::Dead),
            duration: histogram!(metric::JOB_DURATION, "job" => job),
            panics,
        }
    }

    pub(super) fn ended(&self, outcome: Outcome, duration: Duration) {
        self.duration.record(duration.as_secs_f64());
        match outcome {
            Outcome::Ok => self.ok.increment(1),
            Outcome::Retried => self.retried.increment(1),
            Outcome::Dead => self.dead.increment(1),
        }
    }

    pub(super) fn panicked(&self) {
        self.panics.increment(1);
    }
}
