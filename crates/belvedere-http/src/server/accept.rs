use std::{future::pending, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use belvedere_core::Shutdown;
use metrics::Gauge;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{self, Instant},
};
use tokio_rustls::TlsAcceptor;

use super::{
    Tls,
    connection::{Connector, serve, serve_tls},
    refusal,
};

/// Pause after the process ran out of descriptors: accepting at once would only fail again, at full speed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Failures come ten times a second; a log that they fill tells of nothing else.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// What the connections that are left get to end after they were told to, before they are counted as they are.
const ABORT_GRACE: Duration = Duration::from_secs(1);

/// What a connection may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest time for a request's head.
    pub header_timeout: Duration,
    /// Longest time between two requests of one connection.
    pub idle_timeout: Duration,
    /// Longest time in which a caller takes nothing of its response.
    pub write_timeout: Duration,
    /// Connections at once.
    pub max_connections: u32,
    /// How old an HTTP/2 connection may grow, give or take a tenth, before its caller is told to open another one: behind a
    /// balancer that knows connections only, callers would never find new replicas.
    pub max_age: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            // Balancers keep theirs for 60 s: they close first, and no request is lost on its way.
            idle_timeout: Duration::from_secs(75),
            // What nginx grants: a phone in a tunnel comes back by then.
            write_timeout: Duration::from_secs(60),
            max_connections: 10_000,
            max_age: None,
        }
    }
}

/// A bound listener and what it serves.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    connector: Connector,
    tls: Option<Tls>,
    shutdown: Shutdown,
    permits: Arc<Semaphore>,
    max_connections: u32,
}

impl Server {
    /// Binds `addr`; nothing is accepted before [`Server::run`].
    ///
    /// # Errors
    ///
    /// The address is taken or not ours.
    pub async fn bind(
        addr: SocketAddr,
        router: Router,
        limits: Limits,
        shutdown: Shutdown,
    ) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(addr).await?,
            connector: Connector::new(router, limits, shutdown.clone()),
            tls: None,
            shutdown,
            permits: Arc::new(Semaphore::new(limits.max_connections as usize)),
            max_connections: limits.max_connections,
        })
    }

    /// Has every connection begin with a handshake; without it they are plain.
    #[must_use]
    pub fn tls(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// Shows in `gauge` how many connections are open.
    #[must_use]
    pub fn count_in(mut self, gauge: Gauge) -> Self {
        self.connector.open = Some(gauge);
        self
    }

    /// Where it listens, with the port that was taken for port 0.
    ///
    /// # Errors
    ///
    /// The socket is gone.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the shutdown says stop, then until every connection has ended or is aborted. Returns how many were.
    pub async fn run(self) -> u32 {
        let Self {
            listener,
            connector,
            tls,
            shutdown,
            permits,
            max_connections,
        } = self;
        let connector = Arc::new(connector);
        let acceptor = tls.as_ref().map(Tls::acceptor);
        tokio::select! {
            () = accept_forever(&listener, &connector, acceptor.as_ref(), &permits) => {}
            () = keep_fresh(tls.as_ref()) => {}
            () = shutdown.stopping() => {}
        }
        drop(listener);
        let aborted = async {
            shutdown.aborting().await;
            time::sleep(ABORT_GRACE).await;
        };
        tokio::select! {
            _ = permits.acquire_many(max_connections) => connector.abandoned(),
            // A handler that blocks its thread hears of nothing, and is left behind too.
            () = aborted => connector.abandoned() + max_connections.saturating_sub(free(&permits)),
        }
    }
}

async fn accept_forever(
    listener: &TcpListener,
    connector: &Arc<Connector>,
    acceptor: Option<&TlsAcceptor>,
    permits: &Arc<Semaphore>,
) {
    let mut failures = Failures::default();
    loop {
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(permits).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, peer)) => spawn(
                Arc::clone(connector),
                acceptor.cloned(),
                stream,
                peer,
                place,
            ),
            Err(error) if is_peers(&error) => {}
            Err(error) => {
                failures.tell(&error);
                time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a connection is no request: it has no context to carry"
)]
fn spawn(
    connector: Arc<Connector>,
    acceptor: Option<TlsAcceptor>,
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
) {
    match acceptor {
        None => tokio::spawn(async move { serve(&connector, stream, peer, place).await }),
        Some(acceptor) => {
            tokio::spawn(async move { serve_tls(&connector, &acceptor, stream, peer, place).await })
        }
    };
}

async fn keep_fresh(tls: Option<&Tls>) {
    match tls {
        Some(tls) => tls.keep_fresh().await,
        None => pending().await,
    }
}

fn free(permits: &Semaphore) -> u32 {
    u32::try_from(permits.available_permits()).unwrap_or(u32::MAX)
}

/// A peer that was gone before it was accepted is its own affair; anything else is ours, and passes.
fn is_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Failures to accept: all are counted, few are told.
#[derive(Debug, Default)]
struct Failures {
    told: Option<Instant>,
    untold: u64,
}

impl Failures {
    fn tell(&mut self, error: &io::Error) {
        refusal::count_as("accept_failed");
        if self.told.is_some_and(|told| told.elapsed() < TOLD_EVERY) {
            self.untold += 1;
            return;
        }
        tracing::warn!(error = %error, untold = self.untold, "accept_failed");
        self.told = Some(Instant::now());
        self.untold = 0;
    }
}
