use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use belvedere_core::trace::SpanReader;
use tokio::{
    runtime::{self, Runtime},
    time,
};

use super::decode::spans;
use crate::{
    OtelConfig,
    otlp::{Limits, Queue},
    telemetry::TelemetryError,
};

/// How often a reader is given what has come: it waits for what belongs together, and nobody looks at seconds.
const ROUND: Duration = Duration::from_millis(250);

/// Starts what hands everything that is pushed into the queue to `reader`, from a thread of its own. The receiver is
/// disconnected when the reader has made everything of it: it may hold back what has long left the queue.
pub(super) fn start(
    reader: &Arc<dyn SpanReader>,
    config: &OtelConfig,
) -> Result<(Arc<Queue>, mpsc::Receiver<()>), TelemetryError> {
    let runtime = runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(TelemetryError::Export)?;
    let waiting = config.bsp_max_queue_size.max(1);
    let limits = Limits {
        full: "queue_full",
        waiting,
        batch: config.bsp_max_export_batch_size.clamp(1, waiting),
    };
    let queue = Arc::new(Queue::new("traces", limits));
    let (is_reading, has_read) = mpsc::channel();
    let reading = Reading {
        queue: Arc::clone(&queue),
        reader: Arc::clone(reader),
    };
    let started = thread::Builder::new()
        .name("span-reader".to_owned())
        .spawn(move || {
            reading.run(&runtime);
            drop(is_reading);
        });
    started.map_err(TelemetryError::Export)?;
    Ok((queue, has_read))
}

struct Reading {
    queue: Arc<Queue>,
    reader: Arc<dyn SpanReader>,
}

impl Reading {
    /// Ends when the queue is closed and everything in it read.
    fn run(&self, runtime: &Runtime) {
        let mut entries = Vec::new();
        loop {
            let is_closed = self.queue.is_closed();
            if !is_closed {
                // Whichever comes first; a time that is over with nothing to read is no harm.
                let _ = runtime.block_on(async { time::timeout(ROUND, self.queue.due()).await });
            }
            let count = self.queue.take(&mut entries);
            self.reader.read(spans(&entries));
            if is_closed {
                self.reader.close();
            }
            self.queue.settle(count);
            if is_closed {
                return;
            }
        }
    }
}
