use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    num::NonZeroU32,
    time::Duration,
};

use belvedere_core::{Quota, RateKey, RateStore, Rated, Taken};
use governor::{
    NotUntil, RateLimiter,
    clock::Clock,
    middleware::{StateInformationMiddleware, StateSnapshot},
    nanos::Nanos,
};

use super::slots::{Hashed, PARTS, Since, Slots};

/// A million callers: 8 MiB.
const ADDRESSES: u32 = 20;
/// 262,144 callers: 2 MiB. More than a replica serves at once.
const PRINCIPALS: u32 = 18;
const NANOS: u64 = 1_000_000_000;

type Limiter<C> = RateLimiter<Hashed, Slots<C>, C, StateInformationMiddleware>;

/// What everybody has left in this process: governor's algorithm over a table whose size is fixed.
///
/// Replicas do not know of each other: behind a balancer everybody has the quota once with each of them.
pub struct InProcess<C: Clock<Instant = Nanos> = Since> {
    quota: Quota,
    /// In which one request is earned.
    period: Duration,
    /// Of its own in each process: nobody can choose whom to meet in the table.
    hasher: RandomState,
    limiter: Limiter<C>,
}

impl<C: Clock<Instant = Nanos>> fmt::Debug for InProcess<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quota = &self.quota;
        f.debug_struct("InProcess")
            .field("quota", quota)
            .finish_non_exhaustive()
    }
}

impl InProcess {
    /// For callers by their address: a million of them in 8 MiB, and never more.
    pub fn by_address(quota: Quota) -> Self {
        Self::new("ip", quota, ADDRESSES, Since::default())
    }

    /// For callers who are known: 262,144 of them in 2 MiB, and never more.
    pub fn by_principal(quota: Quota) -> Self {
        Self::new("principal", quota, PRINCIPALS, Since::default())
    }
}

impl<C: Clock<Instant = Nanos> + Clone> InProcess<C> {
    pub(super) fn new(name: &'static str, quota: Quota, bits: u32, clock: C) -> Self {
        // Whole parts, so that nothing is lost when a moment is written down in them.
        let part = (NANOS / u64::from(quota.per_second.get()) / PARTS).max(1);
        let period = Duration::from_nanos(part * PARTS);
        let cells = governor::Quota::with_period(period).expect("a period is not empty");
        let slots = Slots::new(name, clock.clone(), bits, part, quota.burst.get());
        Self {
            quota,
            period,
            hasher: RandomState::new(),
            limiter: Limiter::new(cells.allow_burst(quota.burst), slots, clock),
        }
    }

    fn allowed(&self, state: &StateSnapshot) -> Rated {
        let remaining = state.remaining_burst_capacity();
        let taken = self.quota.burst.get().saturating_sub(remaining);
        Rated {
            is_allowed: true,
            remaining,
            reset: self.period.saturating_mul(taken),
        }
    }

    fn refused(&self, until: &NotUntil<Nanos>) -> Rated {
        Rated {
            is_allowed: false,
            remaining: 0,
            reset: until.wait_time_from(self.limiter.clock().now()),
        }
    }
}

impl<C> RateStore for InProcess<C>
where
    C: Clock<Instant = Nanos> + Clone + Send + Sync + 'static,
{
    fn quota(&self) -> Quota {
        self.quota
    }

    fn take(&self, key: RateKey<'_>, cost: NonZeroU32) -> Taken {
        let key = Hashed(self.hasher.hash_one(key));
        Taken::Now(match self.limiter.check_key_n(&key, cost) {
            Ok(Ok(state)) => self.allowed(&state),
            Ok(Err(until)) => self.refused(&until),
            // More than a whole quota, however long one waits.
            Err(_) => Rated {
                is_allowed: false,
                remaining: 0,
                reset: self.period.saturating_mul(cost.get()),
            },
        })
    }
}

#[cfg(test)]
mod tests;
