//! Whose turn it is: each request has a number, and with a rate also the time at which it ought to have been sent.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::unix::AsyncFd;
use tokio::sync::Semaphore;

use crate::Failure;

/// One request to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) number: usize,
    /// From when on it counts: it may be in the past, if every connection was busy.
    pub(crate) since: Instant,
}

/// Shared by all connections.
#[derive(Debug)]
pub(crate) struct Turns {
    next: Cell<usize>,
    requests: usize,
    pace: Option<Pace>,
}

#[derive(Debug)]
struct Pace {
    due: Semaphore,
    began: Instant,
    interval: Duration,
}

impl Turns {
    /// As fast as answers come.
    pub(crate) fn closed(requests: usize) -> Rc<Self> {
        Rc::new(Self {
            next: Cell::new(0),
            requests,
            pace: None,
        })
    }

    /// So many a second, from now on, for as long as [`Turns::keep_pace`] is driven.
    pub(crate) fn open(requests: usize, rate: u32) -> Rc<Self> {
        let pace = Pace {
            due: Semaphore::new(0),
            began: Instant::now(),
            interval: Duration::from_secs(1) / rate,
        };
        Rc::new(Self {
            next: Cell::new(0),
            requests,
            pace: Some(pace),
        })
    }

    /// Waits for the next one; none when all were handed out.
    pub(crate) async fn take(&self) -> Option<Turn> {
        if let Some(pace) = &self.pace {
            // It is closed when the last one was handed out.
            pace.due.acquire().await.ok()?.forget();
        }
        let number = self.next.get();
        if number >= self.requests {
            return None;
        }
        self.next.set(number + 1);
        if number + 1 == self.requests
            && let Some(pace) = &self.pace
        {
            pace.due.close();
        }
        Some(Turn {
            number,
            since: self.since(number),
        })
    }

    fn since(&self, number: usize) -> Instant {
        match &self.pace {
            // Nobody sends ten million requests that wait for one another.
            Some(pace) => {
                pace.began + pace.interval * u32::try_from(number + 1).unwrap_or(u32::MAX)
            }
            None => Instant::now(),
        }
    }

    /// Hands the turns out when they are due. By a timer of the kernel: the runtime's own counts whole milliseconds.
    pub(crate) async fn keep_pace(&self) -> Result<(), Failure> {
        let Some(pace) = &self.pace else {
            return Ok(());
        };
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
        let interval = Timespec::try_from(pace.interval)?;
        let every = Itimerspec {
            it_interval: interval,
            it_value: interval,
        };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &every)?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe, and an owned descriptor keeps what that asks for"
        )]
        let timer = AsyncFd::new(timer)?;
        while !pace.due.is_closed() {
            let mut ready = timer.readable().await?;
            let mut count = [0; 8];
            if rustix::io::read(timer.get_ref(), &mut count).is_ok() {
                let due = u64::from_ne_bytes(count);
                pace.due.add_permits(usize::try_from(due)?);
            }
            ready.clear_ready();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        runtime.block_on(future)
    }

    #[test]
    fn every_request_has_its_turn_and_then_there_is_none() {
        block_on(async {
            let turns = Turns::closed(2);
            assert_eq!(turns.take().await.map(|turn| turn.number), Some(0));
            assert_eq!(turns.take().await.map(|turn| turn.number), Some(1));
            assert_eq!(turns.take().await, None);
        });
    }

    #[test]
    fn a_late_request_counts_from_when_it_was_due() {
        block_on(async {
            let turns = Turns::open(3, 1000);
            let began = turns.pace.as_ref().map(|pace| pace.began).expect("a pace");
            let taken = async {
                // Nobody takes a turn for a while, as if every connection was busy.
                tokio::time::sleep(Duration::from_millis(20)).await;
                let mut turns = [turns.take().await, turns.take().await, turns.take().await];
                turns.each_mut().map(|turn| turn.take().expect("a turn"))
            };
            let (paced, taken) = tokio::join!(turns.keep_pace(), taken);
            paced.expect("a timer");
            let due = taken.map(|turn| turn.since - began);
            assert_eq!(due, [1, 2, 3].map(Duration::from_millis));
        });
    }
}
