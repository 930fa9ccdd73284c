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
    Queue, ResourceEnvelope,
    outlook::Outlook,
    retry::Backoff,
    transport::{Partial, SendError, Transport},
    wire,
};

/// Requests that wait for their answers at the same time: a back end that is far away is no reason to drop.
const IN_FLIGHT: usize = 4;

thread_local! {
    static IS_EXPORTING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread exports: what it logs is not exported in its turn, or that would never end.
pub(crate) fn is_exporting() -> bool {
    IS_EXPORTING.get()
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
pub(crate) struct Exporter {
    pub(crate) queue: Arc<Queue>,
    pub(crate) transport: Transport,
    pub(crate) envelope: ResourceEnvelope,
    pub(crate) pace: Pace,
    /// In log lines.
    pub(crate) url: String,
    pub(crate) outlook: Outlook,
    /// Until when the back end wants to be left alone.
    pub(crate) not_before: Cell<Option<Instant>>,
}

impl Exporter {
    /// Ends when the queue is closed and everything in it sent, or given up.
    pub(crate) fn start(self, runtime: Runtime) -> io::Result<()> {
        thread::Builder::new()
            .name("otlp-export".to_owned())
            .spawn(move || {
                IS_EXPORTING.set(true);
                runtime.block_on(self.run());
            })
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
            } else if is_closed {
                return;
            }
        }
    }

    async fn send_all(&self, entries: &[u8], count: usize) {
        let batches = wire::batches(entries, count, self.pace.batch);
        stream::iter(batches)
            .for_each_concurrent(IN_FLIGHT, |(batch, count)| self.send(batch, count))
            .await;
    }

    async fn send(&self, batch: &[u8], count: usize) {
        let sent = self.try_for_a_while(self.envelope.seal(batch)).await;
        match &sent {
            Ok(partial) if partial.rejected > 0 => {
                self.queue.count_dropped("rejected", partial.rejected);
            }
            Ok(_) => {}
            Err(_) => self.queue.count_dropped("export_failed", count as u64),
        }
        self.outlook.tell(&self.url, &sent);
        self.queue.settle(count);
    }

    async fn try_for_a_while(&self, request: Bytes) -> Result<Partial, SendError> {
        let began = Instant::now();
        let mut backoff = Backoff::default();
        loop {
            self.wait_until_welcome().await;
            let is_last = self.queue.is_closed();
            let (why, after) = match self.transport.send(request.clone()).await {
                Err(SendError::Again { why, after }) => (why, after),
                ended => return ended,
            };
            if let Some(after) = after {
                self.leave_alone_for(after);
            }
            let pause = after.unwrap_or_else(|| backoff.next());
            if is_last || began.elapsed().saturating_add(pause) > self.pace.patience {
                return Err(SendError::Again { why, after });
            }
            if after.is_none() {
                // With jitter, so that replicas do not come back all at once.
                self.pause(pause.mul_f64(fastrand::f64() / 2.0 + 0.5)).await;
            }
        }
    }

    /// A back end's word holds for every batch, and for no longer than a batch is tried for.
    fn leave_alone_for(&self, pause: Duration) {
        let jittered = pause
            .min(self.pace.patience)
            .mul_f64(1.0 + fastrand::f64() / 10.0);
        let until = Instant::now().checked_add(jittered);
        self.not_before.set(self.not_before.get().max(until));
    }

    async fn wait_until_welcome(&self) {
        let until = self.not_before.get();
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            self.pause(left).await;
        }
    }

    /// The end of the process waits for no pause.
    async fn pause(&self, pause: Duration) {
        let _ = time::timeout(pause, self.queue.closed()).await;
    }
}
