//! An OTLP back end that lives in the test: a real socket that keeps what arrives, over gRPC and over HTTP with
//! protobuf.
//!
//! The receiver has a thread and a runtime of its own, so that blocking code can use it:
//!
//! ```no_run
//! use std::time::Duration;
//! use belvedere_testing::OtlpSink;
//!
//! let sink = OtlpSink::start()?;
//! println!("OTEL_EXPORTER_OTLP_ENDPOINT={}", sink.endpoint());
//! let order = sink.wait_for(|span| span.name == "POST /v1/orders", Duration::from_secs(10));
//! if let Some(order) = order {
//!     println!("{}", sink.tree(&order.trace_id));
//! }
//! # std::io::Result::Ok(())
//! ```

mod answer;
mod log;
mod metric;
mod receive;
mod span;
mod store;
mod text;
mod tree;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use self::answer::{OtlpAnswer, RetryAfter};
pub use self::log::ReceivedLog;
pub use self::metric::ReceivedMetric;
pub use self::span::ReceivedSpan;
pub use self::store::ReceivedRequest;
use self::store::Store;

/// The receiver. Dropping it closes the socket.
pub struct OtlpSink {
    address: SocketAddr,
    store: Store,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl OtlpSink {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// The socket could not be bound, or the thread not be started.
    pub fn start() -> io::Result<Self> {
        let store = Store::default();
        let (stop, stopped) = oneshot::channel();
        let (ready, bound) = mpsc::channel();
        let received = store.clone();
        let thread = std::thread::Builder::new()
            .name("otlp-sink".to_owned())
            .spawn(move || serve(&received, stopped, &ready))?;
        let address = bound.recv().map_err(io::Error::other)??;
        Ok(Self {
            address,
            store,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` takes, whatever the protocol: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers the next requests like this.
    pub fn answer(&self, answer: OtlpAnswer) {
        self.store.set_answer(answer);
    }

    /// Keeps every field of what comes from now on, for [`OtlpSink::texts`].
    pub fn keep_texts(&self) {
        self.store.keep_texts();
    }

    /// Everything that was taken since [`OtlpSink::keep_texts`], a request a line: to search for what should not be in it.
    #[must_use]
    pub fn texts(&self) -> String {
        self.store.texts()
    }

    /// Every request so far, whatever its answer, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.store.lock().requests.iter().cloned().collect()
    }

    /// Every span so far, in the order of arrival.
    #[must_use]
    pub fn spans(&self) -> Vec<ReceivedSpan> {
        self.store.lock().spans.iter().cloned().collect()
    }

    /// Every log record so far, in the order of arrival.
    #[must_use]
    pub fn logs(&self) -> Vec<ReceivedLog> {
        self.store.lock().logs.iter().cloned().collect()
    }

    /// Every point of a metric so far, in the order of arrival.
    #[must_use]
    pub fn metrics(&self) -> Vec<ReceivedMetric> {
        self.store.lock().metrics.iter().cloned().collect()
    }

    /// The spans of one trace, by start.
    #[must_use]
    pub fn trace(&self, trace_id: &str) -> Vec<ReceivedSpan> {
        let mut spans: Vec<_> = self.spans();
        spans.retain(|span| span.trace_id == trace_id);
        spans.sort_by_key(|span| (span.start_nanos, span.end_nanos));
        spans
    }

    /// The first span that `wanted` accepts, or `None` when `timeout` is over.
    pub fn wait_for(
        &self,
        wanted: impl Fn(&ReceivedSpan) -> bool,
        timeout: Duration,
    ) -> Option<ReceivedSpan> {
        self.store.wait(timeout, |arrived| {
            arrived.spans.iter().find(|span| wanted(span)).cloned()
        })
    }

    /// The first log record that `wanted` accepts, or `None` when `timeout` is over.
    pub fn wait_for_log(
        &self,
        wanted: impl Fn(&ReceivedLog) -> bool,
        timeout: Duration,
    ) -> Option<ReceivedLog> {
        self.store.wait(timeout, |arrived| {
            arrived.logs.iter().find(|log| wanted(log)).cloned()
        })
    }

    /// Whether `count` requests have come before `timeout` is over.
    pub fn wait_for_requests(&self, count: usize, timeout: Duration) -> bool {
        let enough = self.store.wait(timeout, |arrived| {
            (arrived.requests.len() >= count).then_some(())
        });
        enough.is_some()
    }

    /// Draws a trace: one line per span, nested, with its duration.
    #[must_use]
    pub fn tree(&self, trace_id: &str) -> String {
        tree::draw(&self.trace(trace_id))
    }
}

impl Drop for OtlpSink {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic over there has been printed by its own thread already.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for OtlpSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpSink")
            .field("endpoint", &self.endpoint())
            .field("spans", &self.store.lock().spans.len())
            .finish_non_exhaustive()
    }
}

fn serve(
    store: &Store,
    stopped: oneshot::Receiver<()>,
    ready: &mpsc::Sender<io::Result<SocketAddr>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(accept(store, stopped, ready)),
        Err(error) => drop(ready.send(Err(error))),
    }
}

async fn accept(
    store: &Store,
    stopped: oneshot::Receiver<()>,
    ready: &mpsc::Sender<io::Result<SocketAddr>>,
) {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = match bound.and_then(|listener| Ok((listener.local_addr()?, listener))) {
        Ok((address, listener)) => {
            drop(ready.send(Ok(address)));
            listener
        }
        Err(error) => return drop(ready.send(Err(error))),
    };
    let server = axum::serve(listener, receive::router(store));
    // Not the graceful stop: it would wait for exporters that keep their connection.
    tokio::select! {
        _ = server.into_future() => {}
        _ = stopped => {}
    }
}

#[cfg(test)]
mod tests;
