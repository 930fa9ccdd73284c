use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use belvedere_http::server::{Tls, TlsError};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ClientConfig, DEFAULT_VERSIONS, RootCertStore, SupportedProtocolVersion, crypto::ring,
};
use tempfile::TempDir;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";

/// Somebody who issues certificates for `localhost`, and the folder in which a service finds them.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// What a certificate is made of.
pub(super) struct Chain {
    params: CertificateParams,
    key: KeyPair,
}

/// Seconds since 1970, so many days from now.
pub(super) fn in_days(days: i32) -> u64 {
    let now = SystemTime::now();
    let then = match u32::try_from(days) {
        Ok(days) => now + days * DAY,
        Err(_) => now - days.unsigned_abs() * DAY,
    };
    then.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Chain {
    pub(super) fn for_days(days: i32) -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let end = UNIX_EPOCH + Duration::from_secs(in_days(days));
        params.not_after = end.into();
        Self {
            params,
            key: KeyPair::generate().unwrap(),
        }
    }

    pub(super) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = TempDir::new().unwrap();
        let authority = Self { issuer, folder };
        authority.write("ca.pem", &authority.issuer.pem());
        authority.issue(&Chain::for_days(90));
        authority
    }

    /// Puts another certificate where the service finds it.
    pub(super) fn issue(&self, chain: &Chain) {
        let certificate = chain.params.signed_by(&chain.key, &*self.issuer).unwrap();
        self.write(KEY, &chain.key.serialize_pem());
        self.write(CERTIFICATE, &certificate.pem());
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let new = self.path("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        Path::new(self.folder.path()).join(name)
    }

    pub(super) fn files() -> (&'static str, &'static str) {
        (CERTIFICATE, KEY)
    }

    pub(super) fn load(&self) -> Result<Tls, TlsError> {
        Tls::load(&self.path(CERTIFICATE), &self.path(KEY))
    }

    pub(super) fn tls(&self) -> Tls {
        self.load().unwrap()
    }

    pub(super) fn client(&self, protocol: &str) -> ClientConfig {
        self.client_of(DEFAULT_VERSIONS, protocol)
    }

    pub(super) fn client_of(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        protocol: &str,
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_protocol_versions(versions).unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        config
    }
}
