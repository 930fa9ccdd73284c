//! Whom an exporter trusts: the roots of webpki, which an image without certificates has too, and what
//! `OTEL_EXPORTER_OTLP_CERTIFICATE` adds.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

/// What is wrong with a file of certificates.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    #[error("there is none in it (PEM)")]
    None,
    #[error(transparent)]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// The certificates of a PEM file.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found?.as_slice() {
        [] => Err(CertificateError::None),
        found => Ok(found.to_vec()),
    }
}

/// A TLS client, on ring whatever the process has installed: nothing here can panic for want of a provider.
pub(super) fn client(pem: Option<&[u8]>) -> Result<ClientConfig, CertificateError> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for certificate in pem.map(certificates).transpose()?.unwrap_or_default() {
        roots.add(certificate)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
