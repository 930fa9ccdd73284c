use std::io;

/// Why a certificate cannot be shown. The parsers' own words would repeat the files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The file of the certificate cannot be read.
    #[error("the certificate cannot be read: {0}")]
    CertificateUnreadable(#[source] io::Error),
    /// The file of the key cannot be read.
    #[error("the private key cannot be read: {0}")]
    KeyUnreadable(#[source] io::Error),
    /// The file holds no certificate.
    #[error("the file of the certificate holds none (PEM)")]
    NoCertificate,
    /// The file holds no private key.
    #[error("the file of the private key holds none (PEM)")]
    NoKey,
    /// The certificate's time is over.
    #[error("the certificate has ended")]
    Over,
    /// The private key is another's.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
    /// Of a kind that is not supported.
    #[error("the certificate and its key cannot be used")]
    Unusable(#[source] rustls::Error),
}

impl TlsError {
    /// Whether it is the key's file that is wrong.
    pub(crate) const fn is_of_key(&self) -> bool {
        matches!(
            self,
            Self::KeyUnreadable(_) | Self::NoKey | Self::Mismatch | Self::Unusable(_)
        )
    }
}
