use std::{cell::RefCell, sync::Arc, time::SystemTime};

use super::{Queue, is_exporting, log_record::log_record};

thread_local! {
    /// Reused from line to line.
    static ENCODED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Where lines go besides stdout.
#[derive(Debug, Clone)]
pub(crate) struct LogExport(Arc<Queue>);

impl LogExport {
    pub(crate) const fn new(queue: Arc<Queue>) -> Self {
        Self(queue)
    }

    /// Takes a finished line of JSON, or drops and counts it. What the exporters themselves log stays on stdout: it would
    /// be sent, and logged about, for ever.
    pub(crate) fn push(&self, line: &[u8], now: SystemTime) {
        if is_exporting() {
            return;
        }
        let pushed = ENCODED.try_with(|encoded| {
            let mut encoded = encoded.borrow_mut();
            encoded.clear();
            log_record(&mut encoded, line, now);
            self.0.push(&encoded, 1);
        });
        if pushed.is_err() {
            // The thread is ending.
            self.0.count_dropped("closed", 1);
        }
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.0
    }
}
