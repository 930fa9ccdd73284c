//! How many users there were lately, in a few kilobytes however many there are.
//!
//! One HyperLogLog sketch (Flajolet et al., 2007) for each minute: those of the last fifteen together are the answer, some 3 %
//! off. A user costs a hash and a look at one byte, and nothing before [`watch`] was called.

use std::{
    array,
    hash::{BuildHasher, RandomState},
    sync::{
        OnceLock,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Instant,
};

use crate::Identity;

/// A user of that many minutes ago is still one, of this replica.
const WINDOW: u64 = 15;
/// One more than the window: a minute that begins does not take the place of one that still counts.
const SLOTS: usize = WINDOW as usize + 1;
/// The error is about `1.04 / sqrt(REGISTERS)`.
const REGISTERS: usize = 1024;
/// Bits of a hash that choose the register.
const INDEX_BITS: u32 = REGISTERS.ilog2();
/// Corrects the estimate's bias for that many registers.
const ALPHA: f64 = 0.7213 / (1.0 + 1.079 / REGISTERS as f64);

static WATCHED: OnceLock<ActiveUsers> = OnceLock::new();

/// Distinct users of the last fifteen minutes.
#[derive(Debug)]
pub struct ActiveUsers {
    began: Instant,
    /// Of its own in each process: nobody can choose a name by where it ends up.
    hasher: RandomState,
    minutes: [Minute; SLOTS],
}

#[derive(Debug)]
struct Minute {
    /// Since the beginning, counted from 1.
    number: AtomicU64,
    registers: [AtomicU8; REGISTERS],
}

/// Counts users from now on, for the whole process.
pub fn watch() -> &'static ActiveUsers {
    WATCHED.get_or_init(ActiveUsers::new)
}

pub(crate) fn see(identity: &Identity) {
    if let Some(users) = WATCHED.get()
        && let Some(user) = &identity.user_id
    {
        users.see(&identity.tenant_id, user, users.minute());
    }
}

impl ActiveUsers {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            hasher: RandomState::new(),
            minutes: array::from_fn(|_| Minute {
                number: AtomicU64::new(0),
                registers: array::from_fn(|_| AtomicU8::new(0)),
            }),
        }
    }

    /// How many there are, about.
    pub fn count(&self) -> u64 {
        self.count_at(self.minute())
    }

    fn minute(&self) -> u64 {
        self.began.elapsed().as_secs() / 60 + 1
    }

    fn see(&self, tenant: &str, user: &str, minute: u64) {
        let hash = self.hasher.hash_one((tenant, user));
        let register = hash as usize % REGISTERS;
        let rank = (hash >> INDEX_BITS)
            .trailing_zeros()
            .min(u64::BITS - INDEX_BITS)
            + 1;
        let registers = &self.minutes[minute as usize % SLOTS].of(minute).registers;
        let rank = rank as u8;
        // Nearly always it is that high already, and nothing is written.
        if registers[register].load(Ordering::Relaxed) < rank {
            registers[register].fetch_max(rank, Ordering::Relaxed);
        }
    }

    fn count_at(&self, minute: u64) -> u64 {
        let counts = |found: &&Minute| {
            let number = found.number.load(Ordering::Relaxed);
            number > 0 && number + WINDOW > minute && number <= minute
        };
        let recent: Vec<_> = self.minutes.iter().filter(counts).collect();
        let highest = |register: usize| {
            let ranks = recent
                .iter()
                .map(|minute| minute.registers[register].load(Ordering::Relaxed));
            ranks.max().unwrap_or(0)
        };
        estimate((0..REGISTERS).map(highest))
    }
}

impl Minute {
    /// Emptied when it was an earlier minute's. What others see meanwhile may be lost: it is a matter of microseconds.
    fn of(&self, minute: u64) -> &Self {
        if self.number.load(Ordering::Relaxed) != minute
            && self.number.swap(minute, Ordering::Relaxed) != minute
        {
            for register in &self.registers {
                register.store(0, Ordering::Relaxed);
            }
        }
        self
    }
}

/// Few users leave registers empty, and are counted by those.
fn estimate(ranks: impl Iterator<Item = u8>) -> u64 {
    let registers = REGISTERS as f64;
    let (mut sum, mut empty) = (0.0, 0_u32);
    for rank in ranks {
        sum += (-f64::from(rank)).exp2();
        empty += u32::from(rank == 0);
    }
    let raw = ALPHA * registers * registers / sum;
    let estimate = if raw <= 2.5 * registers && empty > 0 {
        registers * (registers / f64::from(empty)).ln()
    } else {
        raw
    };
    estimate.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn see_many(users: &ActiveUsers, names: std::ops::Range<u64>, minute: u64) {
        for name in names {
            users.see("acme", &format!("user-{name}"), minute);
        }
    }

    /// Five times the usual error.
    fn is_about(counted: u64, users: u64) -> bool {
        counted.abs_diff(users) as f64 <= 2.0 + 0.16 * users as f64
    }

    #[test]
    fn a_user_is_counted_once_however_often_and_in_whatever_minute_seen() {
        let users = ActiveUsers::new();
        assert_eq!(users.count_at(1), 0);
        for minute in 1..10 {
            see_many(&users, 0..3, minute);
        }
        users.see("other tenant", "user-0", 9);
        let counted = users.count_at(9);
        assert!((3..=5).contains(&counted), "{counted}");
    }

    #[test]
    fn many_users_are_counted_about() {
        for number in [100, 3_000, 50_000] {
            let users = ActiveUsers::new();
            see_many(&users, 0..number, 1);
            let counted = users.count_at(1);
            assert!(is_about(counted, number), "{counted} of {number}");
        }
    }

    #[test]
    fn who_was_not_seen_for_fifteen_minutes_is_no_longer_active() {
        let users = ActiveUsers::new();
        see_many(&users, 0..500, 1);
        see_many(&users, 500..600, 10);
        assert!(is_about(users.count_at(15), 600));
        assert!(is_about(users.count_at(16), 100));
        assert_eq!(users.count_at(25), 0);
        // The same slot as the first minute.
        see_many(&users, 0..5, 17);
        let counted = users.count_at(17);
        assert!(is_about(counted, 105), "{counted}");
    }
}
