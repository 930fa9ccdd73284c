use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sentry_core::protocol::Event;

/// Events of one kind in a window: a broken dependency fails every request alike, and the tenth tells what the first told.
const PER_WINDOW: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// Kinds that are told apart; the others share one count.
const KINDS: usize = 512;
const OTHER: u64 = 0;

/// A limit for the events of each kind.
#[derive(Debug, Default)]
pub(crate) struct Cap(Mutex<HashMap<u64, Window>>);

#[derive(Debug)]
struct Window {
    began: Instant,
    count: u32,
}

impl Cap {
    /// Counts the event, and says whether it may go.
    pub(crate) fn takes(&self, event: &Event<'_>, now: Instant) -> bool {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kind = fingerprint(event);
        if windows.len() >= KINDS && !windows.contains_key(&kind) {
            windows.retain(|_, window| now.duration_since(window.began) < WINDOW);
            kind = if windows.len() < KINDS { kind } else { OTHER };
        }
        let window = windows.entry(kind).or_insert(Window {
            began: now,
            count: 0,
        });
        if now.duration_since(window.began) >= WINDOW {
            *window = Window {
                began: now,
                count: 0,
            };
        }
        window.count += 1;
        window.count <= PER_WINDOW
    }
}

/// What events of one kind have in common. The text of an exception is not: it tends to name what it was about.
fn fingerprint(event: &Event<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    event.message.hash(&mut hasher);
    event.logger.hash(&mut hasher);
    event.transaction.hash(&mut hasher);
    for exception in event.exception.iter() {
        exception.ty.hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(message: &str) -> Event<'static> {
        Event {
            message: Some(message.to_owned()),
            ..Event::default()
        }
    }

    #[test]
    fn one_kind_is_told_ten_times_a_minute_and_another_is_told_still() {
        let (cap, now) = (Cap::default(), Instant::now());
        let taken = (0..100).filter(|_| cap.takes(&event("a"), now)).count();
        assert_eq!(taken, 10);
        assert!(cap.takes(&event("b"), now));
        assert!(cap.takes(&event("a"), now + WINDOW));
    }

    #[test]
    fn kinds_without_number_share_one_count() {
        let (cap, now) = (Cap::default(), Instant::now());
        let taken = (0..10_000)
            .filter(|n| cap.takes(&event(&n.to_string()), now))
            .count();
        assert!(taken <= KINDS + 10, "{taken}");
        assert!(cap.0.lock().unwrap().len() <= KINDS + 1);
    }
}
