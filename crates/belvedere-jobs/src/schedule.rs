//! When a schedule asks for its job.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use croner::errors::CronError;

type Payload = dyn Fn() -> serde_json::Result<String> + Send + Sync;

/// Times, in UTC, and what is asked for at them.
pub(crate) struct Cron {
    times: croner::Cron,
    payload: Box<Payload>,
}

/// One of those times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tick(DateTime<Utc>);

impl Cron {
    pub(crate) fn new(text: &str, payload: Box<Payload>) -> Result<Self, CronError> {
        let times = croner::Cron::from_str(text)?;
        // A day that never comes, such as February 30, is told now and not by a silence.
        times.find_next_occurrence(&Utc::now(), false)?;
        Ok(Self { times, payload })
    }

    pub(crate) fn payload(&self) -> serde_json::Result<String> {
        (self.payload)()
    }

    /// The last time that is over by `now`.
    pub(crate) fn last(&self, now: DateTime<Utc>) -> Option<Tick> {
        let second = now.trunc_subsecs(0);
        let found = self.times.find_previous_occurrence(&second, true);
        found.ok().map(Tick)
    }

    /// The first time after `now`.
    pub(crate) fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.times.find_next_occurrence(&now, false).ok()
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cron").field(&self.times.as_str()).finish()
    }
}

impl Tick {
    /// Seconds since 1970.
    pub(crate) const fn seconds(self) -> i64 {
        self.0.timestamp()
    }
}

/// The key of the job that it asks for: unique for its name, so that no two replicas ask.
impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(f, "schedule@{time}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cron(text: &str) -> Result<Cron, CronError> {
        Cron::new(text, Box::new(|| Ok("{}".to_owned())))
    }

    fn at(time: &str) -> DateTime<Utc> {
        time.parse().unwrap()
    }

    #[test]
    fn the_last_time_and_the_next_are_found_in_utc() {
        let nightly = cron("0 3 * * *").unwrap();
        let noon = at("2026-03-29T12:00:00Z");
        let last = nightly.last(noon).unwrap();
        assert_eq!(last.to_string(), "schedule@2026-03-29T03:00:00Z");
        assert_eq!(nightly.next(noon), Some(at("2026-03-30T03:00:00Z")));
        assert_eq!(nightly.last(at("2026-03-29T03:00:00Z")), Some(last));
        let weekly = cron("0 0 * * 1").unwrap();
        assert_eq!(
            weekly.next(noon),
            Some(at("2026-03-30T00:00:00Z")),
            "1 is Monday"
        );
        let often = cron("*/5 * * * * *").unwrap();
        assert_eq!(often.next(noon), Some(at("2026-03-29T12:00:05Z")));
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for bad in ["", "every day", "61 * * * *", "0 0 30 2 *"] {
            assert!(cron(bad).is_err(), "{bad}");
        }
    }
}
