use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};

use super::{
    Limits,
    activity::{Activity, Phase},
};

/// How long a connection that is being closed gets to finish what it has begun to say.
pub(super) const CLOSING: Duration = Duration::from_secs(1);
/// Time for a timer to move: a wait of 0 may close every connection, but must not spin.
const SHORTEST_TICK: Duration = Duration::from_millis(1);
/// What is longer is for ever; beyond some point the clock would overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long a connection is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits {
    head: Duration,
    idle: Duration,
    write: Duration,
}

impl Waits {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            head: limits.header_timeout.min(LONGEST),
            idle: limits.idle_timeout.min(LONGEST),
            write: limits.write_timeout.min(LONGEST),
        }
    }

    pub(super) const fn head(self) -> Duration {
        self.head
    }

    /// For a connection that is being closed. A caller that still reads has as long as ever.
    fn hurried(self) -> Self {
        Self {
            head: self.head.min(CLOSING),
            idle: self.idle.min(CLOSING),
            write: self.write,
        }
    }

    /// No deadline is nearer than this when it is set.
    fn tick(self) -> Duration {
        let shortest = self.head.min(self.idle).min(self.write);
        shortest.max(SHORTEST_TICK)
    }

    /// A handler has limits of its own.
    #[inline]
    fn deadline(self, phase: Phase) -> Option<Instant> {
        match phase {
            Phase::Head => Some(Instant::now() + self.head),
            Phase::Idle => Some(Instant::now() + self.idle),
            Phase::Stalled | Phase::Shut => Some(Instant::now() + self.write),
            Phase::Busy => None,
        }
    }
}

pin_project! {
    /// Resolves when a connection has been waited for too long, to the phase it was in.
    ///
    /// hyper has one limit for a head, and runs it between requests too: it would cut a connection that is idle as one that is
    /// slow. It is polled after the connection whenever that was polled, and moves its timer only when it fires.
    pub(super) struct Patience<'c> {
        activity: &'c Activity,
        waits: Waits,
        seen: (Phase, u64),
        deadline: Option<Instant>,
        #[pin]
        sleep: Sleep,
    }
}

impl<'c> Patience<'c> {
    pub(super) fn new(activity: &'c Activity, waits: Waits) -> Self {
        let seen = activity.phase();
        Self {
            activity,
            waits,
            seen,
            deadline: waits.deadline(seen.0),
            sleep: sleep(waits.tick()),
        }
    }

    /// The connection is being closed: what is not busy gets a second at most.
    pub(super) fn hurry(self: Pin<&mut Self>) {
        let this = self.project();
        *this.waits = this.waits.hurried();
        *this.seen = this.activity.phase();
        *this.deadline = this.waits.deadline(this.seen.0);
        this.sleep.reset(Instant::now() + this.waits.tick());
    }
}

impl Future for Patience<'_> {
    type Output = Phase;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Phase> {
        let mut this = self.project();
        let now = this.activity.phase();
        if now != *this.seen {
            *this.seen = now;
            *this.deadline = this.waits.deadline(now.0);
        }
        loop {
            ready!(this.sleep.as_mut().poll(task));
            let next = Instant::now() + this.waits.tick();
            let deadline = this.deadline.unwrap_or(next);
            if deadline <= Instant::now() {
                return Poll::Ready(this.seen.0);
            }
            this.sleep.as_mut().reset(deadline.min(next));
        }
    }
}
