//! What was seen and done in a drill, second by second, as the on-call page shows it.

use std::fmt;
use std::time::Instant;

use super::desk::Note;
use super::shell::Answer;

pub(super) struct Transcript {
    begun: Instant,
    text: String,
}

impl Transcript {
    /// Counted from the fault.
    pub(super) fn begin(begun: Instant) -> Self {
        Self {
            begun,
            text: String::new(),
        }
    }

    pub(super) fn say(&mut self, at: Instant, what: impl fmt::Display) {
        let seconds = at.saturating_duration_since(self.begun).as_secs_f64();
        self.text += &format!("{seconds:6.1} s  {what}\n");
    }

    /// The notification.
    pub(super) fn page(&mut self, note: &Note) {
        let Note {
            way, alert, said, ..
        } = note;
        let runbook = said.runbook_url.rsplit('/').next().unwrap_or_default();
        self.say(note.at, format_args!("{way}: {alert}: {}", said.summary));
        self.add("          ", &said.description);
        self.add("          ", &format!("runbooks/{runbook}"));
    }

    /// A block of the runbook, and what came of it.
    pub(super) fn ran(&mut self, answer: &Answer) {
        let ended = if answer.matches { "yes" } else { "no" };
        self.say(answer.at, format_args!("{}: {ended}", answer.what));
        if answer.matches {
            self.add("        $ ", &answer.text);
            self.add("", &answer.words);
        }
    }

    fn add(&mut self, before: &str, text: &str) {
        for line in text.lines() {
            self.text += &format!("{before}{line}\n");
        }
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
