use std::{io, sync::Arc, time::Duration};

use belvedere_core::{RequestContext, context::TimeSpent};
use sqlx::Error;
use tokio::time;

use crate::{QueryClass, class::Limit, error::OverLimit};

/// How long a statement may still take.
#[derive(Debug)]
pub(super) enum Allowance {
    Unlimited,
    /// What its request has left.
    OfRequest(Arc<RequestContext>, Duration),
    Own(TimeSpent, Duration),
}

impl Allowance {
    /// Its clock runs from here. `request` is what each request has in all.
    pub(super) fn begin(class: QueryClass, request: Option<Duration>) -> Self {
        let allowance = match (class.limit, request) {
            (Limit::Own(limit), _) => Self::Own(TimeSpent::default(), limit),
            (Limit::OfRequest, Some(limit)) if !RequestContext::is_beside() => {
                RequestContext::current()
                    .map_or(Self::Unlimited, |context| Self::OfRequest(context, limit))
            }
            _ => Self::Unlimited,
        };
        allowance.resume();
        allowance
    }

    pub(super) fn left(&self) -> Option<Duration> {
        let (spent, limit) = self.clock()?;
        Some(limit.saturating_sub(spent.so_far()))
    }

    /// Its clock stands still.
    pub(super) fn pause(&self) {
        if let Some((spent, _)) = self.clock() {
            spent.end();
        }
    }

    /// Its clock runs again.
    pub(super) fn resume(&self) {
        if let Some((spent, _)) = self.clock() {
            spent.begin();
        }
    }

    fn clock(&self) -> Option<(&TimeSpent, Duration)> {
        match self {
            Self::Unlimited => None,
            Self::OfRequest(context, limit) => Some((context.database_time(), *limit)),
            Self::Own(spent, limit) => Some((spent, *limit)),
        }
    }
}

/// Gives `work` up when no time is left.
pub(crate) async fn within<T>(
    left: Option<Duration>,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match left {
        None => work.await,
        Some(Duration::ZERO) => Err(over_limit()),
        Some(left) => match time::timeout(left, work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(over_limit()),
        },
    }
}

fn over_limit() -> Error {
    Error::Io(io::Error::new(io::ErrorKind::TimedOut, OverLimit))
}
