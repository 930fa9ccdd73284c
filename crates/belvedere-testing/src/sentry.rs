//! A Sentry that lives in the test: a real HTTP socket that keeps the envelopes that arrive.
//!
//! ```no_run
//! let sentry = belvedere_testing::SentrySink::start()?;
//! println!("SENTRY_DSN={}", sentry.dsn());
//! # std::io::Result::Ok(())
//! ```

use std::{
    fmt,
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// The public key of the DSN.
const KEY: &str = "5entry0key";
/// Types of items.
const EVENT: &str = "event";
const TRANSACTION: &str = "transaction";
/// The answer to every envelope.
const TAKEN: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

/// The receiver. Dropping it closes the socket.
pub struct SentrySink {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    envelopes: Mutex<Vec<String>>,
    arrived: Condvar,
    is_hanging: bool,
    has_ended: AtomicBool,
}

impl SentrySink {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// The socket could not be bound.
    pub fn start() -> io::Result<Self> {
        Self::serve(false)
    }

    /// Takes envelopes, and never says so.
    ///
    /// # Errors
    ///
    /// The socket could not be bound.
    pub fn hanging() -> io::Result<Self> {
        Self::serve(true)
    }

    fn serve(is_hanging: bool) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            is_hanging,
            ..Shared::default()
        });
        let accepting = Arc::clone(&shared);
        thread::Builder::new()
            .name("sentry-sink".to_owned())
            .spawn(move || accept(&listener, &accepting))?;
        Ok(Self { address, shared })
    }

    /// What `SENTRY_DSN` takes.
    #[must_use]
    pub fn dsn(&self) -> String {
        format!("http://{KEY}@{}/42", self.address)
    }

    /// Every envelope so far, as it came.
    #[must_use]
    pub fn envelopes(&self) -> Vec<String> {
        self.shared.lock().clone()
    }

    /// Every event so far, in the order of arrival.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.all(EVENT)
    }

    /// Every transaction so far, in the order of arrival.
    #[must_use]
    pub fn transactions(&self) -> Vec<Value> {
        self.all(TRANSACTION)
    }

    fn all(&self, kind: &str) -> Vec<Value> {
        let envelopes = self.shared.lock();
        let items = envelopes.iter().filter_map(|text| item(text, kind));
        items.collect()
    }

    /// The first event that `wanted` likes, or `None` when `timeout` is over.
    pub fn wait_for(&self, wanted: impl Fn(&Value) -> bool, timeout: Duration) -> Option<Value> {
        self.wait(EVENT, wanted, timeout)
    }

    /// The first transaction that `wanted` likes, or `None` when `timeout` is over.
    pub fn wait_for_transaction(
        &self,
        wanted: impl Fn(&Value) -> bool,
        timeout: Duration,
    ) -> Option<Value> {
        self.wait(TRANSACTION, wanted, timeout)
    }

    fn wait(
        &self,
        kind: &str,
        wanted: impl Fn(&Value) -> bool,
        timeout: Duration,
    ) -> Option<Value> {
        let deadline = Instant::now() + timeout;
        let mut envelopes = self.shared.lock();
        loop {
            let mut items = envelopes.iter().filter_map(|text| item(text, kind));
            if let Some(found) = items.find(|item| wanted(item)) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            let waited = self.shared.arrived.wait_timeout(envelopes, left);
            envelopes = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for SentrySink {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, Ordering::Release);
        // Wakes the thread that accepts; if that cannot be, it ends with the test.
        drop(TcpStream::connect(self.address));
    }
}

impl fmt::Debug for SentrySink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentrySink")
            .field("dsn", &self.dsn())
            .field("envelopes", &self.shared.lock().len())
            .finish()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.envelopes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().map_while(Result::ok) {
        if shared.has_ended.load(Ordering::Acquire) {
            return;
        }
        let shared = Arc::clone(shared);
        // It ends with its connection.
        thread::spawn(move || converse(&stream, &shared));
    }
}

/// One connection, to its end. What goes wrong on it is the caller's to notice.
fn converse(stream: &TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Ok(Some(body)) = body(&mut reader) {
        shared.lock().push(body);
        shared.arrived.notify_all();
        if !shared.is_hanging && writer.write_all(TAKEN).is_err() {
            return;
        }
    }
}

/// The body of the next request; `None` at the end.
fn body(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(String::from_utf8_lossy(&body).into_owned()))
}

/// An envelope is lines: its head, then the head and the payload of each item.
fn item(envelope: &str, kind: &str) -> Option<Value> {
    let mut lines = envelope.lines().skip(1);
    let head: Value = serde_json::from_str(lines.next()?).ok()?;
    let payload = lines.next()?;
    (head["type"] == kind).then(|| serde_json::from_str(payload).ok())?
}
