use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};

use super::activity::{Activity, Phase};

/// How long a connection that is being closed gets to finish what it has begun to say.
const CLOSING: Duration = Duration::from_secs(1);

pin_project! {
    /// Resolves when a connection has been waited for too long, to the phase it was in.
    ///
    /// hyper has one limit for a head, and runs it between requests too: it would cut a connection that is idle as one that is
    /// slow. It is polled after the connection whenever that was polled, and moves its timer only when it fires.
    pub(super) struct Patience<'c> {
        activity: &'c Activity,
        seen: (Phase, u64),
        deadline: Option<Instant>,
        header_timeout: Duration,
        idle_timeout: Duration,
        #[pin]
        sleep: Sleep,
    }
}

impl<'c> Patience<'c> {
    pub(super) fn new(
        activity: &'c Activity,
        header_timeout: Duration,
        idle_timeout: Duration,
    ) -> Self {
        let first = header_timeout.min(idle_timeout);
        Self {
            activity,
            seen: activity.phase(),
            deadline: Some(Instant::now() + header_timeout),
            header_timeout,
            idle_timeout,
            sleep: sleep(first),
        }
    }

    /// The connection is being closed: what is not busy gets a second at most.
    pub(super) fn hurry(self: Pin<&mut Self>) {
        let this = self.project();
        *this.header_timeout = CLOSING.min(*this.header_timeout);
        *this.idle_timeout = CLOSING.min(*this.idle_timeout);
        *this.seen = this.activity.phase();
        let limit = limit(this.seen.0, *this.header_timeout, *this.idle_timeout);
        *this.deadline = limit.map(|limit| Instant::now() + limit);
        let first = (*this.header_timeout).min(*this.idle_timeout);
        this.sleep.reset(Instant::now() + first);
    }
}

impl Future for Patience<'_> {
    type Output = Phase;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Phase> {
        let mut this = self.project();
        let now = this.activity.phase();
        if now != *this.seen {
            *this.seen = now;
            let limit = limit(now.0, *this.header_timeout, *this.idle_timeout);
            *this.deadline = limit.map(|limit| Instant::now() + limit);
        }
        // No deadline is nearer than one tick after it was set, so none is missed.
        let tick = (*this.header_timeout).min(*this.idle_timeout);
        loop {
            ready!(this.sleep.as_mut().poll(task));
            let next = Instant::now() + tick;
            match *this.deadline {
                Some(deadline) if deadline <= Instant::now() => return Poll::Ready(this.seen.0),
                deadline => this
                    .sleep
                    .as_mut()
                    .reset(deadline.unwrap_or(next).min(next)),
            }
        }
    }
}

/// A request has limits of its own.
const fn limit(phase: Phase, header_timeout: Duration, idle_timeout: Duration) -> Option<Duration> {
    match phase {
        Phase::Head => Some(header_timeout),
        Phase::Idle => Some(idle_timeout),
        Phase::Busy => None,
    }
}
