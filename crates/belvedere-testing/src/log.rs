//! Events as they happen, for tests that need no service.

use std::{
    fmt::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tracing::{Event, Subscriber, field::Visit, subscriber::SetGlobalDefaultError};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};

/// Every event of the process, as `LEVEL message key=value ..`. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct CapturedLog(Arc<Mutex<Vec<String>>>);

impl CapturedLog {
    /// Listens from here.
    ///
    /// # Errors
    ///
    /// When somebody does already: once in a process.
    pub fn start() -> Result<Self, SetGlobalDefaultError> {
        let log = Self::default();
        let subscriber = tracing_subscriber::registry().with(log.clone());
        tracing::subscriber::set_global_default(subscriber)?;
        Ok(log)
    }

    /// The events that have `part` in them, in their order.
    #[must_use]
    pub fn lines(&self, part: &str) -> Vec<String> {
        let all = self.lock();
        let wanted = all.iter().filter(|line| line.contains(part));
        wanted.cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for CapturedLog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.lock().push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}
