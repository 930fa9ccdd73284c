use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use http::Extensions;
use tokio::time::Instant;

/// Why a body is not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    TooLarge,
    TooSlow,
    /// Not what its `content-encoding` says.
    Undecodable,
}

impl Cut {
    const ALL: [Self; 3] = [Self::TooLarge, Self::TooSlow, Self::Undecodable];
}

/// What a body is doing: nobody has asked for it, its caller is waited for, something or its end has come, it broke.
const UNREAD: u8 = 0;
const AWAITED: u8 = 1;
const ARRIVED: u8 = 2;
const BROKEN: u8 = 3;

/// What is longer is for ever; beyond some point the clock would overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What a request's body may take, and what became of it.
///
/// Shared by the body, by the route that may have a limit of its own, and by the layer that answers when it is passed.
#[derive(Debug)]
pub(crate) struct Allowance {
    began: Instant,
    /// What `content-length` has promised.
    declared: Option<u64>,
    bytes: AtomicU64,
    time_ms: AtomicU64,
    state: AtomicU8,
    arrived_ms: AtomicU64,
    /// One more than the place of a [`Cut`]; 0 is none.
    cut: AtomicU8,
}

impl Allowance {
    pub(crate) fn new(declared: Option<u64>, bytes: u64, time: Duration) -> Self {
        Self {
            began: Instant::now(),
            declared,
            bytes: AtomicU64::new(bytes),
            time_ms: AtomicU64::new(millis(time)),
            state: AtomicU8::new(UNREAD),
            arrived_ms: AtomicU64::new(0),
            cut: AtomicU8::new(0),
        }
    }

    /// That of a request with a body which somebody limits.
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Arc<Self>>().map(AsRef::as_ref)
    }

    pub(crate) fn allow_bytes(&self, bytes: u64) {
        self.bytes.store(bytes, Relaxed);
    }

    pub(crate) fn allow_time(&self, time: Duration) {
        self.time_ms.store(millis(time), Relaxed);
    }

    /// Whether `read` bytes, or as many as were declared, are too many.
    pub(super) fn is_passed_by(&self, read: u64) -> bool {
        self.declared.unwrap_or(0).max(read) > self.bytes.load(Relaxed)
    }

    /// When the whole body has to be there.
    pub(super) fn deadline(&self) -> Instant {
        self.began + Duration::from_millis(self.time_ms.load(Relaxed))
    }

    /// The caller is waited for.
    pub(super) fn wait(&self) {
        self.state.store(AWAITED, Relaxed);
    }

    /// The caller is waited for no more.
    pub(super) fn arrive(&self) {
        if self.state.load(Relaxed) == AWAITED {
            self.leave_wait(ARRIVED);
        }
    }

    /// Nothing more will come.
    pub(super) fn fail(&self) {
        self.leave_wait(BROKEN);
    }

    pub(super) fn has_failed(&self) -> bool {
        self.state.load(Relaxed) == BROKEN
    }

    fn leave_wait(&self, state: u8) {
        self.arrived_ms.store(millis(self.began.elapsed()), Relaxed);
        self.state.store(state, Relaxed);
    }

    pub(super) fn cut(&self, why: Cut) {
        self.fail();
        // The first reason is the reason: what follows is its echo.
        let _ = self
            .cut
            .compare_exchange(0, why as u8 + 1, Relaxed, Relaxed);
    }

    /// Why the body was not read to its end, if it is we who did not.
    pub(crate) fn why_cut(&self) -> Option<Cut> {
        let place = self.cut.load(Relaxed).checked_sub(1)?;
        Cut::ALL.get(usize::from(place)).copied()
    }

    /// When a handler that may take `time` has to be done: the time in which it waits for its caller is not its own.
    pub(crate) fn handler_deadline(&self, time: Duration) -> Option<Instant> {
        let waited_until = match self.state.load(Relaxed) {
            UNREAD => return None,
            // Beyond it nobody is waited for: a handler may have lost its interest in the body.
            AWAITED => self.deadline().min(Instant::now()),
            _ => self.began + Duration::from_millis(self.arrived_ms.load(Relaxed)),
        };
        Some(waited_until + time.min(LONGEST))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.min(LONGEST).as_millis()).unwrap_or(u64::MAX)
}
