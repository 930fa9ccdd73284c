use std::{
    collections::VecDeque,
    fmt,
    io::{BufRead, BufReader},
    process::ChildStdout,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use serde_json::Value;

use super::{PATIENCE, PAUSE};

#[derive(Debug, Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Output>>);

#[derive(Default)]
struct Output {
    lines: VecDeque<String>,
    has_ended: bool,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lines", self.lines.len())
    }
}

impl Lines {
    /// Keeps the newest `kept` of them.
    pub(super) fn follow(stdout: Option<ChildStdout>, kept: usize) -> Self {
        let lines = Self::default();
        let following = lines.clone();
        thread::spawn(move || {
            for line in stdout
                .map(BufReader::new)
                .into_iter()
                .flat_map(BufRead::lines)
                .map_while(Result::ok)
            {
                let mut output = following.lock();
                if output.lines.len() == kept {
                    output.lines.pop_front();
                }
                output.lines.push_back(line);
            }
            following.lock().has_ended = true;
        });
        lines
    }

    pub(super) fn all(&self) -> Vec<Value> {
        self.lock()
            .lines
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    pub(super) fn text(&self) -> String {
        self.last(usize::MAX)
    }

    /// The newest `count` of them.
    pub(super) fn last(&self, count: usize) -> String {
        let output = self.lock();
        let earlier = output.lines.len().saturating_sub(count);
        let lines: Vec<_> = output
            .lines
            .iter()
            .skip(earlier)
            .map(String::as_str)
            .collect();
        lines.join("\n")
    }

    pub(super) fn wait_for_end(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.lock().has_ended && Instant::now() < deadline {
            thread::sleep(PAUSE);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Output> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
