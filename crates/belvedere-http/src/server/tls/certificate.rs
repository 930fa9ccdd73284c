use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use belvedere_core::names::metric;
use rustls::{
    Error, InconsistentKeys,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::TlsError;

/// Where a certificate comes from.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What stands in the files.
pub(super) struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// A certificate that can be shown.
pub(super) struct Certificate {
    pub(super) certified: Arc<CertifiedKey>,
    /// When it ends, in seconds since 1970.
    pub(super) not_after: i64,
}

impl Files {
    pub(super) fn read(&self) -> Result<Pem, TlsError> {
        Ok(Pem {
            certificate: fs::read(&self.certificate).map_err(TlsError::CertificateUnreadable)?,
            key: fs::read(&self.key).map_err(TlsError::KeyUnreadable)?,
        })
    }
}

impl Pem {
    /// Tells it from others: time stamps lie where files are mounted and swapped.
    pub(super) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.certificate, &self.key).hash(&mut hasher);
        hasher.finish()
    }
}

impl Certificate {
    pub(super) fn parse(pem: &Pem) -> Result<Self, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem.certificate).collect();
        let chain = chain.map_err(|_| TlsError::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(&pem.key).map_err(|_| TlsError::NoKey)?;
        let not_after = not_after(chain.first().ok_or(TlsError::NoCertificate)?)?;
        if not_after <= now() {
            return Err(TlsError::Over);
        }
        let certified = CertifiedKey::from_der(chain, key, &ring::default_provider());
        Ok(Self {
            certified: Arc::new(certified.map_err(unusable)?),
            not_after,
        })
    }

    pub(super) fn show(&self) {
        metrics::gauge!(metric::TLS_CERT_NOT_AFTER).set(self.not_after as f64);
    }
}

fn unusable(error: Error) -> TlsError {
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch,
        error => TlsError::Unusable(error),
    }
}

fn not_after(certificate: &CertificateDer<'_>) -> Result<i64, TlsError> {
    let (_, parsed) =
        X509Certificate::from_der(certificate).map_err(|_| TlsError::NoCertificate)?;
    Ok(parsed.validity().not_after.timestamp())
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}
