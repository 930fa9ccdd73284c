//! One line: the contract's keys in their order.

use std::{sync::Arc, time::SystemTime};

use belvedere_core::{
    Redactor, RequestContext,
    names::{event, field},
};
use tracing::{Level, Metadata, field::Visit};

use super::{
    fields::{Collected, Fields},
    json::member,
    known::{KnownEvent, KnownEvents},
    timestamp,
};

/// No line is longer, its newline included.
pub(super) const MAX_LINE: usize = 16 * 1024;
/// What the context may have of a line; the path alone takes up to 6 KiB when every byte of it is escaped.
const MAX_CONTEXT: usize = 8 * 1024;
/// The members of the context whose length others decide: what is left out of one that is too long.
const UNBOUNDED: [&str; 4] = [field::TENANT_ID, field::USER_ID, field::PATH, field::ROUTE];
/// The member that tells that others were left out.
pub(super) const TRUNCATED: &str = "truncated";
const TRUNCATED_END: &[u8] = b",\"truncated\":true}\n";
const END: &[u8] = b"}\n";

/// Every level, the lowest first. `tracing` knows the first five; the last is what `critical!` makes of an error.
pub(super) const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "critical"];

/// `service`, `environment` and `version`: the same on every line.
#[derive(Debug, Clone)]
pub struct StaticFields(Box<[u8]>);

impl StaticFields {
    /// Rendered once.
    pub fn new(service: &str, environment: &str, version: &str) -> Self {
        let mut out = Vec::new();
        for (key, value) in [
            ("service", service),
            ("environment", environment),
            ("version", version),
        ] {
            member(&mut out, key, value);
        }
        Self(out.into())
    }
}

/// The line that tells of a gap. The writer thread has no event to make it from.
pub(crate) fn dropped_line(fixed: &StaticFields, count: u64) -> Vec<u8> {
    let mut line = b"{\"timestamp\":\"".to_vec();
    timestamp::write(&mut line, SystemTime::now());
    line.push(b'"');
    member(&mut line, "level", "warn");
    member(&mut line, "message", event::LOG_EVENTS_DROPPED);
    member(&mut line, "target", module_path!());
    line.extend_from_slice(&fixed.0);
    line.extend_from_slice(format!(",\"count\":{count}}}\n").as_bytes());
    line
}

/// What all lines of a process have in common.
#[derive(Debug)]
pub(super) struct Style {
    pub(super) fixed: StaticFields,
    pub(super) redactor: Arc<Redactor>,
}

/// Reused from line to line, so that a line allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) line: Vec<u8>,
    event: Collected,
    known: KnownEvents,
}

impl Scratch {
    /// Renders an event into `self.line`, newline included; `record` shows its values. Returns the level's place in
    /// [`LEVELS`].
    pub(super) fn render(
        &mut self,
        style: &Style,
        now: SystemTime,
        metadata: &Metadata<'_>,
        record: impl FnOnce(&mut dyn Visit),
    ) -> usize {
        self.line.clear();
        self.event.clear();
        let known = self.known.get(metadata, &style.redactor);
        record(&mut Fields::new(
            &mut self.event,
            known,
            &style.redactor,
            *metadata.level(),
        ));
        let level = level(*metadata.level(), self.event.is_critical);
        head(&mut self.line, LEVELS[level], &self.event, known, now);
        self.line.extend_from_slice(&style.fixed.0);
        let is_whole = RequestContext::with(|context| self.context(context)).unwrap_or(true);
        self.fields(is_whole);
        level
    }

    /// Whether all of it is in the line.
    fn context(&mut self, context: &RequestContext) -> bool {
        let (line, event) = (&mut self.line, &self.event);
        let before = line.len();
        if field::CONTEXT.iter().any(|key| event.has(key)) {
            context.write_log_fields_except(line, |key| event.has(key));
        } else {
            context.write_log_fields(line);
        }
        let fits = line.len() - before <= MAX_CONTEXT;
        if !fits {
            line.truncate(before);
            context.write_log_fields_except(line, |key| event.has(key) || UNBOUNDED.contains(&key));
        }
        fits
    }

    fn fields(&mut self, is_whole: bool) {
        let room = (MAX_LINE - TRUNCATED_END.len()).saturating_sub(self.line.len());
        let (members, are_all) = self.event.within(room);
        self.line.extend_from_slice(members);
        let end = if is_whole && are_all {
            END
        } else {
            TRUNCATED_END
        };
        self.line.extend_from_slice(end);
    }
}

fn head(line: &mut Vec<u8>, level: &str, event: &Collected, known: &KnownEvent, now: SystemTime) {
    line.extend_from_slice(b"{\"timestamp\":\"");
    timestamp::write(line, now);
    line.extend_from_slice(b"\",\"level\":\"");
    line.extend_from_slice(level.as_bytes());
    line.extend_from_slice(b"\",\"message\":");
    line.extend_from_slice(event.message());
    line.extend_from_slice(&known.target);
}

const fn level(level: Level, is_critical: bool) -> usize {
    match level {
        Level::TRACE => 0,
        Level::DEBUG => 1,
        Level::INFO => 2,
        Level::WARN => 3,
        Level::ERROR if is_critical => 5,
        Level::ERROR => 4,
    }
}
