//! The way of envelopes to Sentry: bounded queues, one thread with a runtime of its own, several requests at a time.

mod limits;
mod parcel;
mod sender;

use std::{
    collections::VecDeque,
    io,
    pin::pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use sentry_core::types::Dsn;
use tokio::sync::Notify;

pub(crate) use parcel::{Kind, Parcel, count_dropped};
use sender::Sender;

/// Takes envelopes to Sentry. Handing one over never waits.
#[derive(Debug)]
pub(crate) struct Courier(Arc<Shared>);

/// What was left behind at the end, in events and spans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) errors: u64,
    pub(crate) spans: u64,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// There is more to send, or nothing more will come.
    work: Notify,
    /// Something is sent, or given up.
    settled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    errors: Waiting,
    transactions: Waiting,
    /// On their way.
    sending: Left,
    is_closed: bool,
}

#[derive(Debug, Default)]
struct Waiting {
    parcels: VecDeque<Parcel>,
    bytes: usize,
}

impl Courier {
    pub(crate) fn start(dsn: &Dsn) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let sender = Sender::to(dsn)?;
        let work = Arc::clone(&shared);
        thread::Builder::new()
            .name("sentry".to_owned())
            .spawn(move || sender.run(&work))?;
        Ok(Self(shared))
    }

    /// Takes it, or drops and counts it.
    pub(crate) fn push(&self, parcel: Parcel) {
        let mut state = self.0.lock();
        let is_closed = state.is_closed;
        let refused = if is_closed {
            Some(parcel)
        } else {
            state.of(parcel.kind).push(parcel)
        };
        drop(state);
        match refused {
            Some(parcel) if is_closed => parcel.count_dropped("closed"),
            Some(parcel) => parcel.count_dropped("queue_full"),
            None => self.0.work.notify_waiters(),
        }
    }

    /// Takes nothing more, and waits for what is on its way. What is left then is counted, and told.
    pub(crate) fn close(&self, timeout: Duration) -> Left {
        self.0.lock().is_closed = true;
        self.0.work.notify_waiters();
        self.wait(timeout);
        let mut state = self.0.lock();
        let left = state.left();
        let errors = std::mem::take(&mut state.errors.parcels);
        let transactions = std::mem::take(&mut state.transactions.parcels);
        drop(state);
        for parcel in errors.into_iter().chain(transactions) {
            parcel.count_dropped("not_flushed");
        }
        left
    }

    /// Whether everything is sent, or given up, before `timeout` is over.
    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = self.0.lock();
        while state.left() != Left::default() {
            let time_left = deadline.saturating_duration_since(Instant::now());
            if time_left.is_zero() {
                return false;
            }
            let waited = self.0.settled.wait_timeout(state, time_left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next parcel of these kinds, waited for; `None` at the end.
    async fn next(&self, kinds: &[Kind]) -> Option<Parcel> {
        loop {
            let mut more = pin!(self.work.notified());
            // From here on, whatever comes is heard.
            more.as_mut().enable();
            {
                let mut state = self.lock();
                if let Some(parcel) = kinds.iter().find_map(|kind| state.of(*kind).pop()) {
                    state.sending.add(&parcel);
                    return Some(parcel);
                }
                if state.is_closed {
                    return None;
                }
            }
            more.await;
        }
    }

    fn settle(&self, parcel: &Parcel) {
        self.lock().sending.take(parcel);
        self.settled.notify_all();
    }
}

impl State {
    const fn of(&mut self, kind: Kind) -> &mut Waiting {
        match kind {
            Kind::Error => &mut self.errors,
            Kind::Transaction => &mut self.transactions,
        }
    }

    fn left(&self) -> Left {
        let mut left = self.sending;
        let all = self.errors.parcels.iter().chain(&self.transactions.parcels);
        all.for_each(|parcel| left.add(parcel));
        left
    }
}

impl Waiting {
    /// Gives it back if there is no room.
    fn push(&mut self, parcel: Parcel) -> Option<Parcel> {
        let (count, bytes) = parcel.kind.room();
        let length = parcel.envelope.len();
        if self.parcels.len() >= count || self.bytes + length > bytes {
            return Some(parcel);
        }
        self.bytes += length;
        self.parcels.push_back(parcel);
        None
    }

    fn pop(&mut self) -> Option<Parcel> {
        let parcel = self.parcels.pop_front()?;
        self.bytes -= parcel.envelope.len();
        Some(parcel)
    }
}

impl Left {
    const fn of(&mut self, kind: Kind) -> &mut u64 {
        match kind {
            Kind::Error => &mut self.errors,
            Kind::Transaction => &mut self.spans,
        }
    }

    const fn add(&mut self, parcel: &Parcel) {
        *self.of(parcel.kind) += parcel.records;
    }

    const fn take(&mut self, parcel: &Parcel) {
        *self.of(parcel.kind) -= parcel.records;
    }
}

#[cfg(test)]
mod tests;
