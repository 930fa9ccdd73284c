use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, Validation, decode,
    errors::{self, ErrorKind},
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};

use super::{
    claims::{Claims, Rules},
    provider,
};
use crate::identity::refusal::Refusal;

/// RSAPublicKey (RFC 8017) of 2048 bits: ring takes no shorter one, and says so only when it is used.
const MIN_RSA_DER: usize = 268;
/// A modulus of 2048 bits.
const MIN_MODULUS: usize = 256;
/// Uncompressed points (SEC 1): a byte and two coordinates.
const P256_POINT: usize = 65;
const P384_POINT: usize = 97;
/// RFC 8032.
const ED25519_POINT: usize = 32;

/// A key and the one algorithm that it is used with, whatever a token says.
#[derive(Debug, Clone)]
pub(in crate::identity) struct Key {
    decoding: DecodingKey,
    validation: Validation,
}

/// A key that is none, or not one for its algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::identity) enum KeyError {
    #[error(
        "is no public key in PEM form (`-----BEGIN PUBLIC KEY-----`) of RSA, P-256, P-384 or Ed25519"
    )]
    NoPublicKey,
    #[error("is an RSA key of less than 2048 bits")]
    TooShort,
    #[error("does not fit the algorithm")]
    OtherAlgorithm,
}

impl Key {
    fn new(decoding: DecodingKey, algorithm: Algorithm, rules: &Rules) -> Self {
        provider::install();
        Self {
            decoding,
            validation: rules.validation(algorithm),
        }
    }

    pub(in crate::identity) fn algorithm(&self) -> Algorithm {
        self.validation.algorithms[0]
    }

    /// The claims of a token that this key has signed, and that is valid now.
    pub(super) fn check(&self, token: &str) -> Result<Claims, Refusal> {
        let decoded = decode::<Claims>(token, &self.decoding, &self.validation);
        decoded
            .map(|token| token.claims)
            .map_err(|error| refusal(&error))
    }
}

fn refusal(error: &errors::Error) -> Refusal {
    match error.kind() {
        ErrorKind::InvalidAlgorithm => Refusal::Algorithm,
        ErrorKind::InvalidSignature => Refusal::Signature,
        ErrorKind::ExpiredSignature => Refusal::Expired,
        ErrorKind::ImmatureSignature => Refusal::NotYetValid,
        ErrorKind::InvalidIssuer => Refusal::Issuer,
        ErrorKind::InvalidAudience => Refusal::Audience,
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => Refusal::Claims,
        _ => Refusal::Malformed,
    }
}

/// The key that both sides know.
pub(in crate::identity) fn from_secret(secret: &str, algorithm: Algorithm, rules: &Rules) -> Key {
    Key::new(
        DecodingKey::from_secret(secret.as_bytes()),
        algorithm,
        rules,
    )
}

/// The issuer's public key; without an algorithm the usual one of its kind.
pub(in crate::identity) fn from_pem(
    pem: &str,
    algorithm: Option<Algorithm>,
    rules: &Rules,
) -> Result<Key, KeyError> {
    // A private key and a certificate would be read too, as what they are not.
    if !pem.trim_start().starts_with("-----BEGIN PUBLIC KEY-----") {
        return Err(KeyError::NoPublicKey);
    }
    let pem = pem.as_bytes();
    let read = DecodingKey::from_rsa_pem(pem)
        .or_else(|_| DecodingKey::from_ec_pem(pem))
        .or_else(|_| DecodingKey::from_ed_pem(pem));
    let decoding = read.map_err(|_| KeyError::NoPublicKey)?;
    let usual = usual_algorithm(&decoding)?;
    Ok(Key::new(decoding, fitting(usual, algorithm)?, rules))
}

/// A key of a JWK Set, if it is one that tokens are signed with. `algorithm`: the only one that is wanted.
pub(in crate::identity) fn from_jwk(
    jwk: &Jwk,
    algorithm: Option<Algorithm>,
    rules: &Rules,
) -> Option<Key> {
    if !signs(jwk) || !is_known_curve(jwk) {
        return None;
    }
    let decoding = DecodingKey::from_jwk(jwk).ok()?;
    let usual = usual_algorithm(&decoding).ok()?;
    let own = match jwk.common.key_algorithm {
        Some(own) => Some(Algorithm::try_from(own).ok()?),
        None => None,
    };
    let fixed = fitting(usual, own.or(algorithm)).ok()?;
    let is_wanted = algorithm.is_none_or(|wanted| wanted == fixed);
    is_wanted.then(|| Key::new(decoding, fixed, rules))
}

/// A symmetric key in a public document is nobody's secret.
fn signs(jwk: &Jwk) -> bool {
    let common = &jwk.common;
    let is_public = !matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_));
    let is_for_signing = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
    let operations = common.key_operations.as_ref();
    let may_verify = operations.is_none_or(|all| all.contains(&KeyOperations::Verify));
    is_public && is_for_signing && may_verify
}

fn is_known_curve(jwk: &Jwk) -> bool {
    match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(parameters) => {
            matches!(parameters.curve, EllipticCurve::P256 | EllipticCurve::P384)
        }
        AlgorithmParameters::OctetKeyPair(parameters) => parameters.curve == EllipticCurve::Ed25519,
        _ => true,
    }
}

/// What a key is used with where nobody says it, as issuers leave it out for RSA.
fn usual_algorithm(key: &DecodingKey) -> Result<Algorithm, KeyError> {
    let length = key.try_get_as_bytes().map_or(0, <[u8]>::len);
    match (key.family(), key.kind()) {
        (AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, .. }) => {
            let modulus = n.iter().skip_while(|byte| **byte == 0).count();
            at_least(modulus, MIN_MODULUS)
        }
        (AlgorithmFamily::Rsa, _) => at_least(length, MIN_RSA_DER),
        (AlgorithmFamily::Ec, _) if length == P256_POINT => Ok(Algorithm::ES256),
        (AlgorithmFamily::Ec, _) if length == P384_POINT => Ok(Algorithm::ES384),
        (AlgorithmFamily::Ed, _) if length == ED25519_POINT => Ok(Algorithm::EdDSA),
        _ => Err(KeyError::NoPublicKey),
    }
}

fn at_least(length: usize, least: usize) -> Result<Algorithm, KeyError> {
    let is_long = length >= least;
    is_long
        .then_some(Algorithm::RS256)
        .ok_or(KeyError::TooShort)
}

/// RSA has six; a curve has one.
fn fitting(usual: Algorithm, wanted: Option<Algorithm>) -> Result<Algorithm, KeyError> {
    let wanted = wanted.unwrap_or(usual);
    let is_rsa = usual.family() == AlgorithmFamily::Rsa;
    let fits = wanted == usual || (is_rsa && wanted.family() == AlgorithmFamily::Rsa);
    fits.then_some(wanted).ok_or(KeyError::OtherAlgorithm)
}
