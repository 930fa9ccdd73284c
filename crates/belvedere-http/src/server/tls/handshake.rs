use std::{io, time::Duration};

use belvedere_core::Shutdown;
use rustls::{Error, InvalidMessage};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::server::{patience::CLOSING, refusal};

/// Shakes hands, for as long as a head may take; `None` if that comes to nothing, which is counted and not logged: anybody can
/// cause it, as often as he likes.
pub(in crate::server) async fn shake<S>(
    acceptor: &TlsAcceptor,
    stream: S,
    within: Duration,
    shutdown: &Shutdown,
) -> Option<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let shaken = timeout(within, acceptor.accept(stream));
    let stopped = async {
        shutdown.stopping().await;
        sleep(CLOSING).await;
    };
    let refused = tokio::select! {
        shaken = shaken => match shaken {
            Ok(Ok(stream)) => return Some(stream),
            Ok(Err(error)) => reason(&error),
            Err(_) => Some("tls_handshake_timeout"),
        },
        () = stopped => None,
    };
    if let Some(reason) = refused {
        refusal::count_as(reason);
    }
    None
}

/// A peer that went away has refused us, if anything: balancers look in this way.
fn reason(error: &io::Error) -> Option<&'static str> {
    let error = error.get_ref()?.downcast_ref()?;
    Some(match error {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => "no_tls",
        _ => "tls_handshake_failed",
    })
}
