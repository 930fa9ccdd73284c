use std::{cell::RefCell, time::SystemTime};

use belvedere_core::{Redactor, names::metric};
use metrics::Counter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{Layer, layer::Context};

use super::{
    LogSink, StaticFields,
    line::{Scratch, level},
    pretty,
};

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Turns each event into a line. Spans leave no trace in it: what a request is known by is in its context.
#[derive(Debug)]
pub struct LogLayer {
    sink: LogSink,
    fixed: StaticFields,
    redactor: Redactor,
    is_pretty: bool,
    written: [Counter; 6],
}

/// In the order of `LogLayer::written`.
const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "critical"];

impl LogLayer {
    /// Made after the metrics recorder: it resolves its counters here.
    pub fn new(sink: LogSink, fixed: StaticFields, redactor: Redactor) -> Self {
        Self {
            sink,
            fixed,
            redactor,
            is_pretty: false,
            written: LEVELS.map(|level| metrics::counter!(metric::LOG_EVENTS, "level" => level)),
        }
    }

    /// For people.
    #[must_use]
    pub const fn pretty(mut self, is_pretty: bool) -> Self {
        self.is_pretty = is_pretty;
        self
    }

    fn write(&self, event: &Event<'_>, scratch: &mut Scratch) {
        scratch.render(event, &self.fixed, &self.redactor, SystemTime::now());
        self.count(level(event.metadata()));
        let urgent = *event.metadata().level() == Level::ERROR;
        if self.is_pretty {
            self.sink
                .push(pretty::render(&scratch.line).as_bytes(), urgent);
        } else {
            self.sink.push(&scratch.line, urgent);
        }
    }

    fn count(&self, level: &str) {
        let at = LEVELS.iter().position(|name| *name == level);
        if let Some(counter) = at.and_then(|at| self.written.get(at)) {
            counter.increment(1);
        }
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
            Ok(mut scratch) => self.write(event, &mut scratch),
            // A value's own `Debug` logged while it was being logged: that line gets buffers of its own.
            Err(_) => self.write(event, &mut Scratch::default()),
        });
    }
}
