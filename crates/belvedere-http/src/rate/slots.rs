//! Where a limit keeps its callers: eight bytes for each, in a table that never grows and takes no lock.
//!
//! A slot is half a hash of the caller and half a time: the moment at which its quota is whole again ("theoretical arrival time"
//! of the generic cell rate algorithm), counted in 64ths of the time that one request takes to be earned. That time wraps
//! around after some days or years, which does no harm: a moment that has passed means the same as no slot at all, and one is
//! only ever taken for the future if it is less than a burst away, which an old one is by a chance of some in a million.
//!
//! Eight slots, one cache line, may hold a caller. When all are taken by others, the one whose quota is whole again first is
//! forgotten. That is counted if it was not whole yet.

use std::{
    array,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use belvedere_core::names::metric;
use governor::{clock::Clock, nanos::Nanos, state::StateStore};

/// Slots that may hold a caller: a cache line of them.
const WAYS: usize = 8;
/// Lines that are made at once: a page of memory, when the first caller comes that belongs there.
const LINES: usize = 64;
/// Parts of the time that one request takes.
pub(super) const PARTS: u64 = 64;

/// Nanoseconds since the first look.
#[derive(Debug, Clone, Default)]
pub struct Since(Arc<OnceLock<Instant>>);

impl Clock for Since {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let first = self.0.get_or_init(Instant::now);
        Nanos::from(first.elapsed())
    }
}

/// A caller, as a number that nobody outside can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Hashed(pub(super) u64);

#[derive(Debug)]
#[repr(align(64))]
struct Line([AtomicU64; WAYS]);

impl Default for Line {
    fn default() -> Self {
        Self(array::from_fn(|_| AtomicU64::new(0)))
    }
}

type Page = OnceLock<Box<[Line]>>;

/// The table.
#[derive(Debug)]
pub(super) struct Slots<C> {
    name: &'static str,
    clock: C,
    /// As many as a power of two.
    pages: Box<[Page]>,
    /// Nanoseconds that one part takes.
    part: u64,
    /// Parts that a moment may be away.
    horizon: u32,
}

impl<C: Clock<Instant = Nanos>> Slots<C> {
    /// For `1 << bits` callers. `part` nanoseconds to a part, and a burst of at most `burst`.
    pub(super) fn new(name: &'static str, clock: C, bits: u32, part: u64, burst: u32) -> Self {
        let pages = (1_usize << bits) / (LINES * WAYS);
        let parts = (u64::from(burst) + 1) * PARTS;
        Self {
            name,
            clock,
            pages: (0..pages).map(|_| Page::new()).collect(),
            part,
            horizon: u32::try_from(parts).unwrap_or(u32::MAX / 2),
        }
    }

    fn line(&self, key: Hashed) -> &Line {
        let number = key.0 as usize;
        let page = &self.pages[(number / LINES) & (self.pages.len() - 1)];
        let lines = page.get_or_init(|| (0..LINES).map(|_| Line::default()).collect());
        &lines[number % LINES]
    }

    /// How many parts `slot` is from being whole again; 0 where it is.
    fn ahead(&self, slot: u64, now: u32) -> u32 {
        let ahead = (slot as u32).wrapping_sub(now);
        if slot != 0 && ahead <= self.horizon {
            ahead
        } else {
            0
        }
    }

    /// The slot of a key, or the one to be forgotten for it, and what it holds.
    fn find(&self, key: Hashed, now: u32) -> (&AtomicU64, u64) {
        let slots = self.line(key).0.iter();
        let mut forgotten: Option<(&AtomicU64, u64)> = None;
        for slot in slots {
            let held = slot.load(Ordering::Relaxed);
            if tag(held) == key.tag() {
                return (slot, held);
            }
            let is_worth_less =
                |(_, other): (_, u64)| self.ahead(held, now) < self.ahead(other, now);
            if forgotten.is_none_or(is_worth_less) {
                forgotten = Some((slot, held));
            }
        }
        forgotten.expect("a line has slots")
    }

    fn tell_forgotten(&self, held: u64, key: Hashed, now: u32) {
        if tag(held) != key.tag() && self.ahead(held, now) > 0 {
            metrics::counter!(metric::RATE_LIMIT_EVICTIONS, "limit" => self.name).increment(1);
        }
    }
}

impl Hashed {
    /// The half that the line's number is not made of. Never 0, which is nobody.
    const fn tag(self) -> u32 {
        (self.0 >> 32) as u32 | 1
    }
}

const fn tag(held: u64) -> u32 {
    (held >> 32) as u32
}

impl<C: Clock<Instant = Nanos>> StateStore for Slots<C> {
    type Key = Hashed;

    fn measure_and_replace<T, F, E>(&self, key: &Hashed, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        loop {
            let nanos = self.clock.now().as_u64();
            let now = (nanos / self.part) as u32;
            let (slot, held) = self.find(*key, now);
            let ahead = if tag(held) == key.tag() {
                self.ahead(held, now)
            } else {
                0
            };
            // From the beginning of the part that `now` is: what is whole is then never in the future.
            let whole = (nanos / self.part + u64::from(ahead)) * self.part;
            let (outcome, next) = measure((ahead > 0).then(|| Nanos::from(whole)))?;
            // Down, or the last of a burst would be lost; nothing adds up, since what follows is whole parts.
            let parts = (next.as_u64() / self.part) as u32;
            let replaced = u64::from(key.tag()) << 32 | u64::from(parts);
            let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
            if slot
                .compare_exchange(held, replaced, success, failure)
                .is_ok()
            {
                self.tell_forgotten(held, *key, now);
                return Ok(outcome);
            }
        }
    }
}
