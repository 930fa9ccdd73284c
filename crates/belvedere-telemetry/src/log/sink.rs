//! From any thread to one file descriptor, without ever waiting for it.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use belvedere_core::names::metric;

/// Bytes that may wait; past it, lines are dropped and counted.
const CAPACITY: usize = 4 * 1024 * 1024;
/// Kept free for errors, which are what one looks for after an overload.
const RESERVED_FOR_ERRORS: usize = 512 * 1024;
/// How long the writer gathers lines: one `write(2)` costs as much as many of them.
const GATHER: Duration = Duration::from_millis(10);
/// Pause before a descriptor that would block is tried again.
const RETRY: Duration = Duration::from_millis(10);

/// Makes the line that tells how many were dropped.
type TellDropped = Box<dyn Fn(u64) -> Vec<u8> + Send>;

/// Where lines go. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LogSink(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// Lines have come.
    filled: Condvar,
    /// Everything that had come is written.
    drained: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<u8>,
    /// Lines dropped and not yet told.
    dropped: u64,
    is_writing: bool,
    flushes: usize,
}

impl LogSink {
    /// Starts the writer thread. `tell_dropped` makes the line that reports a gap once there is room again.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub fn start<W>(
        target: W,
        tell_dropped: impl Fn(u64) -> Vec<u8> + Send + 'static,
    ) -> io::Result<Self>
    where
        W: Write + Send + 'static,
    {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            filled: Condvar::new(),
            drained: Condvar::new(),
        });
        let writer = Writer {
            shared: Arc::clone(&shared),
            target,
            tell_dropped: Box::new(tell_dropped),
        };
        thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || writer.run())?;
        Ok(Self(shared))
    }

    /// Takes a whole line, or drops and counts it. Never waits for the reader.
    pub fn push(&self, line: &[u8], urgent: bool) {
        let room = if urgent {
            CAPACITY
        } else {
            CAPACITY - RESERVED_FOR_ERRORS
        };
        let mut queue = self.0.lock();
        if queue.waiting.len() + line.len() > room {
            queue.dropped += 1;
            drop(queue);
            return count_dropped("queue_full", 1);
        }
        let was_empty = queue.waiting.is_empty();
        queue.waiting.extend_from_slice(line);
        drop(queue);
        if was_empty {
            self.0.filled.notify_one();
        }
    }

    /// Waits until all that has come is written, at most until `deadline`. False: something is still waiting.
    pub fn flush(&self, deadline: Instant) -> bool {
        let mut queue = self.0.lock();
        queue.flushes += 1;
        self.0.filled.notify_one();
        while !queue.is_idle() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.0.drained.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.flushes -= 1;
        queue.is_idle()
    }
}

impl Queue {
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.is_writing
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Writer<W> {
    shared: Arc<Shared>,
    target: W,
    tell_dropped: TellDropped,
}

impl<W: Write> Writer<W> {
    fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            let dropped = self.take(&mut batch);
            self.write_all(&batch);
            if dropped > 0 {
                let line = (self.tell_dropped)(dropped);
                self.write_all(&line);
            }
            self.done();
        }
    }

    /// Swaps the full buffer for the empty one, once there is something in it.
    fn take(&self, batch: &mut Vec<u8>) -> u64 {
        batch.clear();
        let mut queue = self.shared.lock();
        while queue.waiting.is_empty() {
            queue = self
                .shared
                .filled
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if queue.flushes == 0 {
            queue = self.gather(queue);
        }
        std::mem::swap(&mut queue.waiting, batch);
        queue.is_writing = true;
        std::mem::take(&mut queue.dropped)
    }

    /// Lets more lines come, unless somebody waits for a flush.
    fn gather<'q>(&'q self, queue: MutexGuard<'q, Queue>) -> MutexGuard<'q, Queue> {
        let waited = self
            .shared
            .filled
            .wait_timeout_while(queue, GATHER, |queue| queue.flushes == 0);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn done(&self) {
        self.shared.lock().is_writing = false;
        self.shared.drained.notify_all();
    }

    fn write_all(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.target.write(bytes) {
                Ok(0) => return count_dropped("reader_gone", lines(bytes)),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY),
                // Closed, or worse: the service goes on without its log.
                Err(_) => return count_dropped("reader_gone", lines(bytes)),
            }
        }
    }
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

fn count_dropped(reason: &'static str, lines: u64) {
    metrics::counter!(metric::TELEMETRY_DROPPED, "signal" => "logs", "reason" => reason)
        .increment(lines);
}

#[cfg(test)]
pub(super) mod tests;
