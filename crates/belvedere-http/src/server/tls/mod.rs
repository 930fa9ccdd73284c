//! TLS on a listener: certificates that can be replaced while it serves, and handshakes that keep nobody else waiting.

mod certificate;
mod error;
mod handshake;
mod reload;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::ring,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;

use certificate::{Certificate, Files};
pub use error::TlsError;
pub(super) use handshake::shake;

/// How often the files are looked at. An issuer that renews in the last minute has other troubles.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// What a listener shows to those who connect by TLS 1.2 or 1.3, offering HTTP/2 and HTTP/1.1.
#[derive(Debug, Clone)]
pub struct Tls {
    files: Files,
    /// Of what is shown at first.
    digest: u64,
    shown: Arc<Shown>,
    config: Arc<ServerConfig>,
    look_every: Duration,
}

/// The certificate of the moment.
#[derive(Debug)]
struct Shown(ArcSwap<CertifiedKey>);

impl Tls {
    /// Reads the certificate chain and its private key, both PEM, whatever the key's format.
    ///
    /// # Errors
    ///
    /// One of them cannot be read, is none, or is over; or they do not belong together.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Files {
            certificate: PathBuf::from(certificate),
            key: PathBuf::from(key),
        };
        let pem = files.read()?;
        let loaded = Certificate::parse(&pem)?;
        loaded.show();
        let shown = Arc::new(Shown(ArcSwap::new(loaded.certified)));
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Shown>::clone(&shown);
        Ok(Self {
            config: config(resolver)?,
            files,
            digest: pem.digest(),
            shown,
            look_every: LOOK_EVERY,
        })
    }

    /// How often the files are looked at for another certificate; SIGHUP has them looked at as well.
    #[must_use]
    pub fn look_every(self, look_every: Duration) -> Self {
        Self { look_every, ..self }
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.config).into()
    }
}

/// On ring whatever the process has installed: nothing here can panic for want of a provider.
fn config(resolver: Arc<dyn ResolvesServerCert>) -> Result<Arc<ServerConfig>, TlsError> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}
