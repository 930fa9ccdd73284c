use std::{
    error::Error,
    future::poll_fn,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

use axum::{Router, body::Body};
use belvedere_core::Shutdown;
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use metrics::Gauge;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    task::coop::unconstrained,
    time::{self, Instant},
};
use tokio_rustls::TlsAcceptor;

use super::{
    Limits,
    activity::{Activity, Phase},
    answer::Answer,
    patience::{Patience, Waits},
    refusal,
    served::Busy,
    socket::Socket,
    tls::shake,
    watched::Watched,
};

/// Our own limit is 32 KiB and answers with a problem; hyper's, which cuts, stands above it.
const MAX_HEAD_BUFFER: usize = 64 * 1024;
/// Streams at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 200;
/// Resets that a peer may cause before its connection is closed (CVE-2023-44487).
const MAX_RESETS: usize = 64;

/// Who is at the other end of the socket. In the extensions of every request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// What turns a socket into requests.
#[derive(Debug)]
pub(super) struct Connector {
    pub(super) router: Router,
    builder: Builder<TokioExecutor>,
    waits: Waits,
    max_age: Option<Duration>,
    pub(super) open: Option<Gauge>,
    shutdown: Shutdown,
    abandoned: AtomicU32,
}

impl Connector {
    pub(super) fn new(router: Router, limits: Limits, shutdown: Shutdown) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .header_read_timeout(None)
            .max_buf_size(MAX_HEAD_BUFFER);
        builder
            .http2()
            .max_header_list_size(MAX_HEAD_BUFFER as u32)
            .max_concurrent_streams(MAX_STREAMS)
            .max_pending_accept_reset_streams(MAX_RESETS)
            .max_local_error_reset_streams(MAX_RESETS);
        Self {
            router,
            builder,
            waits: Waits::new(&limits),
            max_age: limits.max_age,
            open: None,
            shutdown,
            abandoned: AtomicU32::new(0),
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.shutdown.is_draining()
    }

    fn patience<'c>(&self, activity: &'c Activity) -> Patience<'c> {
        Patience::new(activity, self.waits)
    }

    /// Connections that the shutdown has cut.
    pub(super) fn abandoned(&self) -> u32 {
        self.abandoned.load(Ordering::Relaxed)
    }

    fn tell(&self, end: &End) {
        match end {
            End::Served(Err(error)) => refusal::count(error.as_ref()),
            End::Waited(Phase::Head) => refusal::count_as("header_timeout"),
            // Its requests tell of themselves, as those of any caller that went away.
            End::Waited(phase @ (Phase::Stalled | Phase::Shut)) => {
                tracing::debug!(?phase, "write_timeout");
            }
            End::Served(Ok(())) | End::Waited(Phase::Idle | Phase::Busy) => {}
            End::Shutdown => {
                self.abandoned.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// A connection that is shown to be open, until it is dropped.
struct Open<'c>(&'c Gauge);

impl<'c> Open<'c> {
    fn begin(gauge: &'c Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// Why a connection is not watched any more.
enum End {
    /// hyper has finished with it.
    Served(Result<(), Box<dyn Error + Send + Sync>>),
    /// It was waited for too long.
    Waited(Phase),
    /// The shutdown has come a step further.
    Shutdown,
}

/// Serves one connection to its end, or until the shutdown cuts it.
pub(super) async fn serve(
    connector: &Arc<Connector>,
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
) {
    let (stream, activity) = begin(stream, place);
    converse(connector, stream, peer, activity).await;
}

/// The same behind a handshake. A future of its own, so that connections without one have no room for it.
pub(super) async fn serve_tls(
    connector: &Arc<Connector>,
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
) {
    let (stream, activity) = begin(stream, place);
    let Connector {
        waits, shutdown, ..
    } = &**connector;
    if let Some(stream) = shake(acceptor, stream, waits.head(), shutdown).await {
        converse(connector, stream, peer, activity).await;
    }
}

fn begin(stream: TcpStream, place: OwnedSemaphorePermit) -> (Socket, Arc<Activity>) {
    // Small answers should not wait for an acknowledgement; a socket that refuses this still works.
    let _ = stream.set_nodelay(true);
    let activity = Arc::new(Activity::new(place));
    (Socket::new(stream, Arc::clone(&activity)), activity)
}

async fn converse<S>(
    connector: &Arc<Connector>,
    stream: S,
    peer: SocketAddr,
    activity: Arc<Activity>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
    let service = service_fn(|request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        Answer::new(Arc::clone(connector), Busy::begin(&activity), request)
    });
    let mut connection = pin!(connector.builder.serve_connection(io, service));
    let mut patience = pin!(connector.patience(&activity));
    let Connector { shutdown, .. } = &**connector;
    let _open = connector.open.as_ref().map(Open::begin);
    let old = connector.max_age.map(|age| Instant::now() + spread(age));

    let mut end = watch(
        connection.as_mut(),
        patience.as_mut(),
        draining_or_old(shutdown, old),
        || shutdown.is_draining() || old.is_some_and(|old| old <= Instant::now()),
    )
    .await;
    if matches!(end, End::Shutdown) {
        // HTTP/1.1 is told by a header: to close it between two requests would race with the second.
        if activity.is_http2() && activity.has_served() {
            connection.as_mut().graceful_shutdown();
        }
        end = watch(
            connection.as_mut(),
            patience.as_mut(),
            shutdown.stopping(),
            || shutdown.is_draining(),
        )
        .await;
    }
    if matches!(end, End::Shutdown | End::Waited(Phase::Idle)) {
        connection.as_mut().graceful_shutdown();
        patience.as_mut().hurry();
        end = watch(connection, patience, shutdown.aborting(), || {
            shutdown.is_draining()
        })
        .await;
    }
    connector.tell(&end);
}

/// The connections that a start has opened at once do not all end at once.
fn spread(age: Duration) -> Duration {
    age.mul_f64(0.9 + 0.2 * fastrand::f64())
}

async fn draining_or_old(shutdown: &Shutdown, old: Option<Instant>) {
    match old {
        None => shutdown.draining().await,
        Some(old) => tokio::select! {
            () = shutdown.draining() => {}
            () = time::sleep_until(old) => {}
        },
    }
}

/// Drives a connection until it ends, is waited for too long, or the shutdown has `advanced`.
///
/// To listen takes a lock that all connections share, so that is done once until the end `has_begun`: every request comes by here.
/// From then on it is done each time, since whoever is told of one step, late, has to listen again for the next. Without tokio's
/// budget, which could keep the one time from being it.
async fn watch<C>(
    mut connection: Pin<&mut C>,
    mut patience: Pin<&mut Patience<'_>>,
    advanced: impl Future<Output = ()>,
    has_begun: impl Fn() -> bool,
) -> End
where
    C: Future<Output = Result<(), Box<dyn Error + Send + Sync>>>,
{
    let mut advanced = pin!(unconstrained(advanced));
    let mut is_listening = false;
    poll_fn(|task| {
        if let Poll::Ready(ended) = connection.as_mut().poll(task) {
            return Poll::Ready(End::Served(ended));
        }
        let listens = !is_listening || has_begun();
        is_listening = true;
        if listens && advanced.as_mut().poll(task).is_ready() {
            return Poll::Ready(End::Shutdown);
        }
        patience.as_mut().poll(task).map(End::Waited)
    })
    .await
}
