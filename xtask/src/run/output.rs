//! The lines a child prints, readable while it still runs.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Lines kept; a service that floods is cut, not followed.
const CAPACITY: usize = 200_000;

/// Lines, appended by a thread that ends with the stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    /// Reads `stream` to its end, in the background.
    pub(crate) fn follow(stream: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let writer = lines.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines() {
                let Ok(line) = line else { break };
                writer.change(|state| state.push(line));
            }
            writer.change(|state| state.ended = true);
        });
        lines
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.lock().lines.clone()
    }

    /// The first line that `wanted` accepts; `None` when the time is over or the stream has ended without it.
    pub(crate) fn wait_for<T>(
        &self,
        timeout: Duration,
        wanted: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        self.wait(timeout, |state| {
            let found = state.lines.iter().find_map(|line| wanted(line));
            (found.is_some() || state.ended).then_some(found)
        })?
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Waits for the end of the stream.
    pub(crate) fn wait_for_end(&self, timeout: Duration) {
        self.wait(timeout, |state| state.ended.then_some(()));
    }

    fn wait<T>(&self, timeout: Duration, done: impl Fn(&State) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + timeout;
        let mut state = self.lock();
        loop {
            if let Some(result) = done(&state) {
                return Some(result);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            let woken = self.0.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.0.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, line: String) {
        if self.lines.len() < CAPACITY {
            self.lines.push(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_and_the_end_is_noticed() {
        let lines = Lines::follow(&b"one\ntwo\n"[..]);
        let second = Duration::from_secs(1);
        let found = lines.wait_for(second, |line| (line == "two").then_some(2));
        assert_eq!(found, Some(2));
        assert_eq!(
            lines.wait_for(second, |line| (line == "six").then_some(6)),
            None
        );
        lines.wait_for_end(second);
        assert_eq!(lines.all(), ["one", "two"]);
    }
}
