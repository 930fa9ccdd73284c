use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use belvedere_core::{Shutdown, names::metric};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};

use super::connection::{Connector, serve};

/// Pause after the process ran out of descriptors: accepting at once would only fail again, at full speed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a connection may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest time for a request's head.
    pub header_timeout: Duration,
    /// Connections at once.
    pub max_connections: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            max_connections: 10_000,
        }
    }
}

/// A bound listener and what it serves.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    connector: Arc<Connector>,
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
            connector: Arc::new(Connector::new(router, limits, shutdown.clone())),
            shutdown,
            permits: Arc::new(Semaphore::new(limits.max_connections as usize)),
            max_connections: limits.max_connections,
        })
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
        tokio::select! {
            () = self.accept_forever() => {}
            () = self.shutdown.stopping() => {}
        }
        let Self {
            listener,
            permits,
            shutdown,
            max_connections,
            ..
        } = self;
        drop(listener);
        tokio::select! {
            _ = permits.acquire_many(max_connections) => 0,
            () = shutdown.aborting() => max_connections.saturating_sub(free(&permits)),
        }
    }

    async fn accept_forever(&self) {
        loop {
            // The semaphore is never closed.
            let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
                return;
            };
            match self.listener.accept().await {
                Ok((stream, peer)) => self.spawn(stream, peer, permit),
                Err(error) => refused(&error).await,
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a connection is no request: it has no context to carry"
    )]
    fn spawn(&self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        let connector = Arc::clone(&self.connector);
        tokio::spawn(async move {
            serve(&connector, stream, peer).await;
            drop(permit);
        });
    }
}

fn free(permits: &Semaphore) -> u32 {
    u32::try_from(permits.available_permits()).unwrap_or(u32::MAX)
}

/// A peer that was gone before it was accepted is its own affair; anything else is ours, and passes.
async fn refused(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        return;
    }
    metrics::counter!(metric::HTTP_CONNECTIONS_REJECTED, "reason" => "accept_failed").increment(1);
    tracing::warn!(error = %error, "accept_failed");
    time::sleep(ACCEPT_PAUSE).await;
}
