use std::{
    cell::Cell,
    io,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::{runtime::Runtime, time};

use super::{
    Queue,
    transport::{SendError, Transport},
    wire,
};

/// Pause before a batch is sent again; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Requests that wait for their answers at the same time: a back end that is far away is no reason to drop.
const IN_FLIGHT: usize = 4;

/// What is the same around every batch.
pub(crate) trait Envelope: Send + 'static {
    /// The whole request for some entries of the queue.
    fn seal(&self, entries: &[u8]) -> Bytes;
}

/// How batches are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Longest time that a record waits.
    pub(crate) delay: Duration,
    /// Longest time that a batch is tried for.
    pub(crate) patience: Duration,
    /// Records in one request.
    pub(crate) batch: usize,
}

/// Sends what a queue holds, from a thread and a runtime of its own: nothing that blocks the service blocks it, nor the
/// other way round.
pub(crate) struct Exporter<E> {
    pub(crate) queue: Arc<Queue>,
    pub(crate) transport: Transport,
    pub(crate) envelope: E,
    pub(crate) pace: Pace,
    /// In log lines.
    pub(crate) url: String,
    pub(crate) is_failing: Cell<bool>,
}

impl<E: Envelope> Exporter<E> {
    /// Ends when the queue is closed and everything in it sent, or given up.
    pub(crate) fn start(self, runtime: Runtime) -> io::Result<()> {
        thread::Builder::new()
            .name("otlp-export".to_owned())
            .spawn(move || runtime.block_on(self.run()))
            .map(drop)
    }

    async fn run(self) {
        let mut entries = Vec::new();
        loop {
            let is_closed = self.queue.is_closed();
            if !is_closed {
                // Whichever comes first; a time that is over with nothing to send is no harm.
                let _ = time::timeout(self.pace.delay, self.queue.due()).await;
            }
            let count = self.queue.take(&mut entries);
            if count > 0 {
                self.send_all(&entries, count).await;
                self.queue.sent();
            } else if is_closed {
                return self.queue.sent();
            }
        }
    }

    async fn send_all(&self, entries: &[u8], count: usize) {
        let batches = wire::batches(entries, count, self.pace.batch);
        stream::iter(batches)
            .for_each_concurrent(IN_FLIGHT, |(batch, count)| self.send(batch, count as u64))
            .await;
    }

    async fn send(&self, batch: &[u8], count: u64) {
        match self.try_for_a_while(self.envelope.seal(batch)).await {
            Ok(rejected) => {
                if self.is_failing.replace(false) {
                    tracing::info!(url = self.url, "telemetry_export_recovered");
                }
                if rejected > 0 {
                    self.queue.count_dropped("rejected", rejected);
                }
            }
            Err(error) => {
                self.queue.count_dropped("export_failed", count);
                // Once for each time that it breaks: the counter tells how much is lost.
                if !self.is_failing.replace(true) {
                    tracing::warn!(url = self.url, error = %error, "telemetry_export_failed");
                }
            }
        }
    }

    async fn try_for_a_while(&self, request: Bytes) -> Result<u64, SendError> {
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.transport.send(request.clone()).await {
                Err(SendError::Again(error)) => error,
                ended => return ended,
            };
            // At the end of the process there is no time to try again.
            if self.queue.is_closed() || began.elapsed() + pause > self.pace.patience {
                return Err(SendError::Again(error));
            }
            // With jitter, so that replicas do not come back all at once.
            time::sleep(pause.mul_f64(fastrand::f64() / 2.0 + 0.5)).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }
}
