use std::{
    future::pending,
    hash::{DefaultHasher, Hash, Hasher},
};

use belvedere_core::names::event;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::spawn_blocking,
    time::sleep,
};

use super::{Certificate, Files, Tls, TlsError};

/// What was found when the files were looked at.
type Found = (u64, Result<Certificate, TlsError>);

impl Tls {
    /// Looks at the files now and then, and at SIGHUP, for ever. What cannot be used is told once, and changes nothing.
    pub(in crate::server) async fn keep_fresh(&self) {
        let mut hangups = signal(SignalKind::hangup()).ok();
        let mut seen = self.digest;
        loop {
            tokio::select! {
                () = sleep(self.look_every) => {}
                () = hangup(&mut hangups) => {}
            }
            let Some((digest, found)) = self.look().await else {
                continue;
            };
            if std::mem::replace(&mut seen, digest) != digest {
                self.change_to(found);
            }
        }
    }

    fn change_to(&self, found: Result<Certificate, TlsError>) {
        match found {
            Ok(certificate) => {
                certificate.show();
                let not_after = certificate.not_after;
                self.shown.0.store(certificate.certified);
                tracing::info!(message = event::TLS_RELOADED, not_after);
            }
            Err(error) => tracing::error!(message = event::TLS_RELOAD_FAILED, error = %error),
        }
    }

    /// Away from the thread that accepts: a disk may hang.
    async fn look(&self) -> Option<Found> {
        let files = self.files.clone();
        spawn_blocking(move || look_at(&files)).await.ok()
    }
}

fn look_at(files: &Files) -> Found {
    match files.read() {
        Ok(pem) => (pem.digest(), Certificate::parse(&pem)),
        Err(error) => {
            let mut hasher = DefaultHasher::new();
            error.to_string().hash(&mut hasher);
            (hasher.finish(), Err(error))
        }
    }
}

async fn hangup(hangups: &mut Option<Signal>) {
    let received = match hangups {
        Some(hangups) => hangups.recv().await,
        None => None,
    };
    if received.is_none() {
        pending::<()>().await;
    }
}
