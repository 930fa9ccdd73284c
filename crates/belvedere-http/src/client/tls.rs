//! Whom a call trusts: the roots of webpki, which an image without certificates has too, and what the settings add.

use std::{fs, io, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

/// What is wrong with the certificates to trust.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The file cannot be read.
    #[error("the file cannot be read")]
    Unreadable(#[from] io::Error),
    /// There is none in it.
    #[error("there is no certificate in it (PEM)")]
    None,
    /// It is no PEM.
    #[error("it is no PEM")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// It is no certificate.
    #[error("it is no certificate")]
    Tls(#[from] rustls::Error),
}

/// On ring whatever the process has installed: nothing here can panic for want of a provider.
pub(super) fn client(ca_file: Option<&Path>) -> Result<ClientConfig, TrustError> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for certificate in ca_file.map(read).transpose()?.unwrap_or_default() {
        roots.add(certificate)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let pem = fs::read(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found?;
    if found.is_empty() {
        return Err(TrustError::None);
    }
    Ok(found)
}
