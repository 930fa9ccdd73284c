//! An OTLP back end that lives in the test: a real gRPC socket that keeps what arrives.
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

mod span;
mod tree;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::sync::oneshot;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

pub use self::span::ReceivedSpan;

/// Spans kept before the oldest go: about 100 MB at worst, and more than any test looks at.
const CAPACITY: usize = 100_000;

/// The receiver. Dropping it closes the socket.
pub struct OtlpSink {
    address: SocketAddr,
    shared: Arc<Shared>,
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
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = oneshot::channel();
        let (ready, bound) = mpsc::channel();
        let collector = Collector(Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("otlp-sink".to_owned())
            .spawn(move || serve(collector, stopped, &ready))?;
        let address = bound.recv().map_err(io::Error::other)??;
        Ok(Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` takes: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every span so far, in the order of arrival.
    #[must_use]
    pub fn spans(&self) -> Vec<ReceivedSpan> {
        self.shared.lock().iter().cloned().collect()
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
        let deadline = Instant::now() + timeout;
        let mut spans = self.shared.lock();
        loop {
            if let Some(span) = spans.iter().find(|span| wanted(span)) {
                return Some(span.clone());
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            spans = self.shared.wait(spans, left);
        }
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
            .field("spans", &self.shared.lock().len())
            .finish()
    }
}

#[derive(Default)]
struct Shared {
    spans: Mutex<VecDeque<ReceivedSpan>>,
    arrived: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, VecDeque<ReceivedSpan>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        spans: MutexGuard<'a, VecDeque<ReceivedSpan>>,
        left: Duration,
    ) -> MutexGuard<'a, VecDeque<ReceivedSpan>> {
        self.arrived
            .wait_timeout(spans, left)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    fn keep(&self, received: impl Iterator<Item = ReceivedSpan>) {
        let mut spans = self.lock();
        for span in received {
            if spans.len() == CAPACITY {
                spans.pop_front();
            }
            spans.push_back(span);
        }
        self.arrived.notify_all();
    }
}

struct Collector(Arc<Shared>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let batches = request.into_inner().resource_spans;
        self.0.keep(batches.into_iter().flat_map(span::read_batch));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn serve(
    collector: Collector,
    stopped: oneshot::Receiver<()>,
    ready: &mpsc::Sender<io::Result<SocketAddr>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(accept(collector, stopped, ready)),
        Err(error) => drop(ready.send(Err(error))),
    }
}

async fn accept(
    collector: Collector,
    stopped: oneshot::Receiver<()>,
    ready: &mpsc::Sender<io::Result<SocketAddr>>,
) {
    let bound = TcpIncoming::bind((Ipv4Addr::LOCALHOST, 0).into())
        .and_then(|incoming| Ok((incoming.local_addr()?, incoming)));
    let incoming = match bound {
        Ok((address, incoming)) => {
            drop(ready.send(Ok(address)));
            incoming
        }
        Err(error) => return drop(ready.send(Err(error))),
    };
    let server = tonic::transport::Server::builder()
        .add_service(TraceServiceServer::new(collector))
        .serve_with_incoming(incoming);
    // Not the graceful stop: it would wait for exporters that keep their connection.
    tokio::select! {
        _ = server => {}
        _ = stopped => {}
    }
}

#[cfg(test)]
mod tests;
