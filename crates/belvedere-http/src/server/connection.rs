use std::{net::SocketAddr, pin::pin, sync::Arc};

use axum::{Router, body::Body, response::Response};
use belvedere_core::{Shutdown, names::metric};
use http::{HeaderValue, Request, Version, header::CONNECTION};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::net::TcpStream;
use tower_service::Service;

use super::Limits;

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
    router: Router,
    builder: Builder<TokioExecutor>,
    shutdown: Shutdown,
}

impl Connector {
    pub(super) fn new(router: Router, limits: Limits, shutdown: Shutdown) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_buf_size(MAX_HEAD_BUFFER);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_pending_accept_reset_streams(MAX_RESETS)
            .max_local_error_reset_streams(MAX_RESETS);
        Self {
            router,
            builder,
            shutdown,
        }
    }
}

/// Serves one connection to its end, or until the shutdown cuts it.
pub(super) async fn serve(connector: &Arc<Connector>, stream: TcpStream, peer: SocketAddr) {
    // Small answers should not wait for an acknowledgement; a socket that refuses this still works.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(Arc::clone(connector), request, peer));
    let mut connection = pin!(
        connector
            .builder
            .serve_connection(TokioIo::new(stream), service)
    );
    tokio::select! {
        biased;
        ended = connection.as_mut() => return tell_end(ended),
        () = connector.shutdown.stopping() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        ended = connection => tell_end(ended),
        () = connector.shutdown.aborting() => {}
    }
}

async fn answer(
    connector: Arc<Connector>,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Result<Response, std::convert::Infallible> {
    let version = request.version();
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer));
    let mut response = connector.router.clone().call(request).await?;
    if connector.shutdown.is_draining() && version < Version::HTTP_2 {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// A head that never arrived, or was none: no request, so no log line, but a number.
fn tell_end(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    let Err(error) = ended else {
        return;
    };
    let reason = match error.downcast_ref::<hyper::Error>() {
        Some(error) if error.is_timeout() => "header_timeout",
        Some(error) if error.is_parse_too_large() => "head_too_large",
        Some(error) if error.is_parse() => "malformed",
        // The peer went away: its request, if it had one, is told by the observe layer.
        _ => return,
    };
    metrics::counter!(metric::HTTP_CONNECTIONS_REJECTED, "reason" => reason).increment(1);
}
