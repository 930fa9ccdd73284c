use std::{cell::RefCell, sync::Arc};

use belvedere_core::{Clock, Redactor, names::metric};
use metrics::Counter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{Layer, layer::Context};

use super::{
    LogSink, StaticFields,
    line::{LEVELS, Scratch, Style},
    pretty,
};
use crate::otlp::LogExport;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Turns each event into a line. Spans leave no trace in it: what a request is known by is in its context.
#[derive(Debug)]
pub struct LogLayer {
    sink: LogSink,
    style: Style,
    is_pretty: bool,
    export: Option<LogExport>,
    clock: Clock,
    /// In the order of [`LEVELS`].
    written: [Counter; LEVELS.len()],
}

impl LogLayer {
    /// Made after the metrics recorder: it resolves its counters here.
    pub fn new(sink: LogSink, fixed: StaticFields, redactor: Redactor) -> Self {
        Self {
            sink,
            style: Style {
                fixed,
                redactor: Arc::new(redactor),
            },
            is_pretty: false,
            export: None,
            clock: Clock::System,
            written: LEVELS.map(|level| metrics::counter!(metric::LOG_EVENTS, "level" => level)),
        }
    }

    /// For people.
    #[must_use]
    pub const fn pretty(mut self, is_pretty: bool) -> Self {
        self.is_pretty = is_pretty;
        self
    }

    /// What tells the time of a line, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sends lines elsewhere besides.
    #[must_use]
    pub(crate) fn export(mut self, export: Option<LogExport>) -> Self {
        self.export = export;
        self
    }

    fn write(&self, event: &Event<'_>, scratch: &mut Scratch) {
        let metadata = event.metadata();
        let record = |visitor: &mut dyn tracing::field::Visit| event.record(visitor);
        let now = self.clock.now();
        let level = scratch.render(&self.style, now, metadata, record);
        self.written[level].increment(1);
        if let Some(export) = &self.export {
            export.push(&scratch.line, now);
        }
        let is_urgent = *metadata.level() == Level::ERROR;
        if self.is_pretty {
            let line = pretty::render(&scratch.line);
            self.sink.push(line.as_bytes(), is_urgent);
        } else {
            self.sink.push(&scratch.line, is_urgent);
        }
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let written = SCRATCH.try_with(|scratch| {
            let mut scratch = scratch.try_borrow_mut().ok()?;
            self.write(event, &mut scratch);
            Some(())
        });
        if !matches!(written, Ok(Some(()))) {
            // A value's own `Debug` logs while it is being logged, or the thread is ending and its locals are gone.
            self.write(event, &mut Scratch::default());
        }
    }
}
