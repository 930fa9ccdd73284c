//! One line: the contract's keys in their order.

use std::time::SystemTime;

use belvedere_core::{
    Redactor, RequestContext,
    names::{event, field},
};
use tracing::{Event, Level, Metadata};

use super::{
    fields::{Fields, json},
    timestamp,
};

/// The field by which `critical!` marks its events.
pub(super) const CRITICAL: &str = "critical";
/// A longer message is cut.
const MAX_MESSAGE: usize = 4 * 1024;

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

/// Reused from line to line, so that a line allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) line: Vec<u8>,
    fields: Vec<u8>,
    message: String,
}

impl Scratch {
    /// Renders `event` into `self.line`, newline included.
    pub(super) fn render(
        &mut self,
        event: &Event<'_>,
        fixed: &StaticFields,
        redactor: &Redactor,
        now: SystemTime,
    ) {
        self.clear();
        let metadata = event.metadata();
        let mut fields = Fields::new(
            &mut self.fields,
            &mut self.message,
            redactor,
            metadata.fields(),
        );
        event.record(&mut fields);
        fields.finish();
        self.head(metadata, now);
        self.line.extend_from_slice(&fixed.0);
        self.context(metadata);
        self.line.extend_from_slice(&self.fields);
        self.line.extend_from_slice(b"}\n");
    }

    fn clear(&mut self) {
        self.line.clear();
        self.fields.clear();
        self.message.clear();
    }

    fn head(&mut self, metadata: &Metadata<'_>, now: SystemTime) {
        self.line.extend_from_slice(b"{\"timestamp\":\"");
        timestamp::write(&mut self.line, now);
        self.line.push(b'"');
        member(&mut self.line, "level", level(metadata));
        let end = self.message.floor_char_boundary(MAX_MESSAGE);
        member(&mut self.line, "message", &self.message[..end]);
        member(&mut self.line, "target", metadata.target());
    }

    fn context(&mut self, metadata: &Metadata<'_>) {
        let out = &mut self.line;
        let has = |key: &str| metadata.fields().iter().any(|own| own.name() == key);
        let clashes = metadata
            .fields()
            .iter()
            .any(|own| field::CONTEXT.contains(&own.name()));
        RequestContext::with(|context| {
            if clashes {
                context.write_log_fields_except(out, has);
            } else {
                context.write_log_fields(out);
            }
        });
    }
}

/// The level in lower case; `critical` for what the macro of that name made.
pub(super) fn level(metadata: &Metadata<'_>) -> &'static str {
    match *metadata.level() {
        Level::ERROR if metadata.fields().field(CRITICAL).is_some() => CRITICAL,
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

fn member(out: &mut Vec<u8>, key: &str, value: &str) {
    out.push(b',');
    json(out, key);
    out.push(b':');
    json(out, value);
}
