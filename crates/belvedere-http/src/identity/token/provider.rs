//! The cryptography of `jsonwebtoken`, on ring: as everywhere in the house, and without the crates `rsa` and `p256`.

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    errors::{self, ErrorKind},
    signature::{Error, Verifier},
};
use ring::{
    error::Unspecified,
    hmac,
    signature::{
        self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
    },
};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes ring what verifies. A service that has installed a provider of its own keeps that.
pub(super) fn install() {
    let _ = PROVIDER.install_default();
}

fn verifier(
    algorithm: &Algorithm,
    key: &DecodingKey,
) -> Result<Box<dyn JwtVerifier>, errors::Error> {
    if algorithm.family() != key.family() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(OnRing {
        algorithm: *algorithm,
        key: key.clone(),
    }))
}

struct OnRing {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for OnRing {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for OnRing {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), Error> {
        let is_right = match how(self.algorithm) {
            Some(How::Mac(mac)) => with_mac(mac, &self.key, message, signed),
            Some(How::Rsa(rsa)) => with_rsa(rsa, &self.key, message, signed),
            Some(How::Curve(curve)) => with_point(curve, &self.key, message, signed),
            None => Err(Unspecified),
        };
        is_right.map_err(|_| Error::new())
    }
}

enum How {
    Mac(hmac::Algorithm),
    Rsa(&'static RsaParameters),
    Curve(&'static dyn VerificationAlgorithm),
}

fn how(algorithm: Algorithm) -> Option<How> {
    Some(match algorithm {
        Algorithm::HS256 => How::Mac(hmac::HMAC_SHA256),
        Algorithm::HS384 => How::Mac(hmac::HMAC_SHA384),
        Algorithm::HS512 => How::Mac(hmac::HMAC_SHA512),
        Algorithm::RS256 => How::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => How::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => How::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => How::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => How::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => How::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
        Algorithm::ES256 => How::Curve(&signature::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => How::Curve(&signature::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => How::Curve(&signature::ED25519),
        _ => return None,
    })
}

type Verified = Result<(), Unspecified>;

fn with_mac(mac: hmac::Algorithm, key: &DecodingKey, message: &[u8], signed: &[u8]) -> Verified {
    let secret = key.try_get_as_bytes().map_err(|_| Unspecified)?;
    hmac::verify(&hmac::Key::new(mac, secret), message, signed)
}

fn with_rsa(
    rsa: &'static RsaParameters,
    key: &DecodingKey,
    message: &[u8],
    signed: &[u8],
) -> Verified {
    match key.kind() {
        DecodingKeyKind::SecretOrDer(der) => {
            UnparsedPublicKey::new(rsa, der).verify(message, signed)
        }
        DecodingKeyKind::RsaModulusExponent { n, e } => {
            RsaPublicKeyComponents { n, e }.verify(rsa, message, signed)
        }
    }
}

fn with_point(
    curve: &'static dyn VerificationAlgorithm,
    key: &DecodingKey,
    message: &[u8],
    signed: &[u8],
) -> Verified {
    let point = key.try_get_as_bytes().map_err(|_| Unspecified)?;
    UnparsedPublicKey::new(curve, point).verify(message, signed)
}
