use std::{
    error::Error,
    fmt,
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use crate::{Delivery, Job, dialect::Taken, retry::Retry, schedule::Cron};

/// Long for any one thing that a job does, and short enough for its slot to come back before somebody is called.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Why a run has failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("the stored payload cannot be read")]
    Payload(#[source] serde_json::Error),
    #[error(transparent)]
    Handler(OfHandler),
    #[error(transparent)]
    Panic(belvedere_core::panics::Panicked),
    #[error("it has not ended within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    #[error("its worker has died, or has lost the database, {0} times")]
    Lost(u32),
}

impl Failed {
    /// `error.type`: out of a small set.
    pub(crate) const fn exc_type(&self) -> &'static str {
        match self {
            Self::Payload(_) => "payload",
            Self::Handler(error) => error.exc_type,
            Self::Panic(_) => "panic",
            Self::Timeout(_) => "timeout",
            Self::Lost(_) => "worker_lost",
        }
    }
}

/// A handler's own error, as it would tell itself.
#[derive(Debug)]
pub(crate) struct OfHandler {
    exc_type: &'static str,
    error: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for OfHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for OfHandler {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

type Work = Pin<Box<dyn Future<Output = Result<(), Failed>> + Send>>;
type Run = dyn Fn(Taken) -> Work + Send + Sync;

/// What does one kind of job, and how often, how long and how many at a time it may try.
///
/// ```
/// # use belvedere_jobs::{Delivery, Handler, Job};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Report;
/// # impl Job for Report { const NAME: &'static str = "report"; }
/// use std::time::Duration;
///
/// async fn write_report(job: Delivery<Report>) -> Result<(), std::io::Error> {
///     tracing::info!(attempt = job.attempt, "writing");
///     Ok(())
/// }
///
/// let handler = Handler::new(write_report)
///     .attempts(3)
///     .timeout(Duration::from_secs(60))
///     .concurrency(1)
///     .schedule("0 3 * * *", || Report);
/// ```
#[must_use = "nothing is run before `Jobs` has it"]
pub struct Handler<J> {
    run: Arc<Run>,
    rules: Rules,
    cron: Option<(String, fn() -> J)>,
}

/// What a handler may do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) retry: Retry,
    pub(crate) timeout: Duration,
    /// At a time, in one process.
    pub(crate) concurrency: Option<usize>,
}

impl<J: Job> Handler<J> {
    /// State that `handler` needs is a clone in its closure: `move |job| send(state.clone(), job)`.
    pub fn new<F, W, E>(handler: F) -> Self
    where
        F: Fn(Delivery<J>) -> W + Send + Sync + 'static,
        W: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        let run = move |taken: Taken| -> Work {
            match delivery(taken) {
                Ok(delivery) => {
                    let work = handler(delivery);
                    Box::pin(async move { work.await.map_err(failed) })
                }
                Err(error) => Box::pin(ready(Err(Failed::Payload(error)))),
            }
        };
        Self {
            run: Arc::new(run),
            rules: Rules {
                retry: Retry::default(),
                timeout: TIMEOUT,
                concurrency: None,
            },
            cron: None,
        }
    }

    /// How often it is tried before it is a dead letter. Default: 10.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.rules.retry.attempts = attempts;
        self
    }

    /// How long after the first failure it is tried again, and the longest pause; each is twice the one before, give or take
    /// a half. Default: 2 s, up to 10 minutes.
    pub const fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.rules.retry.first = first;
        self.rules.retry.longest = longest;
        self
    }

    /// How long one run may take. Default: 5 minutes.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.rules.timeout = timeout;
        self
    }

    /// How many run at a time in one process; the worker's own limit holds as well. Default: that one alone.
    pub const fn concurrency(mut self, runs: usize) -> Self {
        self.rules.concurrency = Some(runs);
        self
    }

    /// Asks for it at these times, in UTC: five fields as in `cron(8)`, or six with seconds first. Once for all replicas. A
    /// time at which no worker was there is made up for as soon as one is; of several, only the last.
    pub fn schedule(mut self, cron: &str, payload: fn() -> J) -> Self {
        self.cron = Some((cron.to_owned(), payload));
        self
    }

    pub(crate) fn erased(self) -> Result<Erased, croner::errors::CronError> {
        let cron = match self.cron {
            Some((text, payload)) => {
                let payload = move || serde_json::to_string(&payload());
                Some(Cron::new(&text, Box::new(payload))?)
            }
            None => None,
        };
        Ok(Erased {
            name: J::NAME,
            queue: J::QUEUE,
            run: self.run,
            rules: self.rules,
            cron,
        })
    }
}

impl<J> fmt::Debug for Handler<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// A handler whose payload's type is forgotten.
pub(crate) struct Erased {
    pub(crate) name: &'static str,
    pub(crate) queue: &'static str,
    pub(crate) run: Arc<Run>,
    pub(crate) rules: Rules,
    pub(crate) cron: Option<Cron>,
}

impl fmt::Debug for Erased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Erased")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

fn delivery<J: Job>(taken: Taken) -> Result<Delivery<J>, serde_json::Error> {
    Ok(Delivery {
        payload: serde_json::from_str(&taken.payload)?,
        id: taken.id,
        key: taken.key.map(Box::from),
        attempt: taken.attempts.unsigned_abs(),
    })
}

fn failed<E: Into<Box<dyn Error + Send + Sync>>>(error: E) -> Failed {
    Failed::Handler(OfHandler {
        exc_type: short_name(std::any::type_name::<E>()),
        error: error.into(),
    })
}

/// `shop::orders::OrderError` -> `OrderError`.
fn short_name(name: &'static str) -> &'static str {
    let plain = name.split('<').next().unwrap_or(name);
    match plain.rsplit("::").next() {
        Some("Box") | None => "error",
        Some(short) => short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_an_error_is_told_without_its_path() {
        assert_eq!(short_name("shop::orders::OrderError"), "OrderError");
        assert_eq!(
            short_name("alloc::boxed::Box<dyn core::error::Error>"),
            "error"
        );
        assert_eq!(short_name("x::Wrapped<y::Z>"), "Wrapped");
    }
}
