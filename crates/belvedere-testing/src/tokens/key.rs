use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    error::Unspecified,
    hmac,
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256, RsaKeyPair,
    },
};
use serde_json::{Value, json};

use super::der;

/// Everybody's: ring makes no RSA keys, and nothing that matters may ever be signed with this one.
const RSA_PKCS8: &[u8] = include_bytes!("rsa-2048.pk8");

/// What signs tokens, and whatever else is to look like one.
pub struct TokenKey {
    algorithm: &'static str,
    kid: Option<String>,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
    Secret(Vec<u8>),
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// All but those of RSA are new at each call. None of this can fail where there is randomness.
impl TokenKey {
    /// For `EdDSA`, on Ed25519.
    #[must_use]
    pub fn eddsa() -> Self {
        let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .and_then(|pkcs8| Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| Unspecified));
        Self::new("EdDSA", Pair::Ed25519(pair.expect("a key pair")))
    }

    /// For `ES256`.
    #[must_use]
    pub fn es256() -> Self {
        let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pair = EcdsaKeyPair::generate_pkcs8(kind, &random).and_then(|pkcs8| {
            EcdsaKeyPair::from_pkcs8(kind, pkcs8.as_ref(), &random).map_err(|_| Unspecified)
        });
        Self::new("ES256", Pair::P256(pair.expect("a key pair")))
    }

    /// For `RS256`. Always the same.
    #[must_use]
    pub fn rs256() -> Self {
        let pair = RsaKeyPair::from_pkcs8(RSA_PKCS8).expect("the key is one");
        Self::new("RS256", Pair::Rsa(Box::new(pair)))
    }

    /// For `PS256`. Always the same.
    #[must_use]
    pub fn ps256() -> Self {
        Self {
            algorithm: "PS256",
            ..Self::rs256()
        }
    }

    /// For `HS256`.
    #[must_use]
    pub fn hs256(secret: impl Into<Vec<u8>>) -> Self {
        Self::new("HS256", Pair::Secret(secret.into()))
    }

    const fn new(algorithm: &'static str, pair: Pair) -> Self {
        let kid = None;
        Self {
            algorithm,
            kid,
            pair,
        }
    }

    /// Named like that in the head of its tokens and in the JWK Set.
    #[must_use]
    pub fn named(self, kid: &str) -> Self {
        let kid = Some(kid.to_owned());
        Self { kid, ..self }
    }

    /// What its tokens say they are signed by.
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    /// The head of its tokens.
    #[must_use]
    pub fn header(&self) -> Value {
        let mut header = json!({"alg": self.algorithm, "typ": "JWT"});
        if let Some(kid) = &self.kid {
            header["kid"] = kid.as_str().into();
        }
        header
    }

    /// A token with these claims.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_text(&self.header().to_string(), &claims.to_string())
    }

    /// What looks like a token, with whatever head and claims.
    #[must_use]
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let message = format!("{}.{}", encoded(header), encoded(claims));
        let signature = self.signature(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::P256(pair) => {
                let signature = pair.sign(&random, message).expect("randomness");
                signature.as_ref().to_vec()
            }
            Pair::Rsa(pair) => self.with_rsa(pair, message, &random),
            Pair::Secret(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, message).as_ref().to_vec()
            }
        }
    }

    fn with_rsa(&self, pair: &RsaKeyPair, message: &[u8], random: &SystemRandom) -> Vec<u8> {
        let mut signature = vec![0; pair.public().modulus_len()];
        let signed = if self.algorithm == "PS256" {
            pair.sign(&RSA_PSS_SHA256, random, message, &mut signature)
        } else {
            pair.sign(&RSA_PKCS1_SHA256, random, message, &mut signature)
        };
        signed.expect("a signature fits its modulus");
        signature
    }

    /// What `AUTH__JWT_PUBLIC_KEY` takes; empty for a secret.
    #[must_use]
    pub fn public_pem(&self) -> String {
        match &self.pair {
            Pair::Ed25519(pair) => der::public_pem(der::ED25519, pair.public_key().as_ref()),
            Pair::P256(pair) => der::public_pem(der::P256, pair.public_key().as_ref()),
            Pair::Rsa(pair) => der::public_pem(der::RSA, pair.public().as_ref()),
            Pair::Secret(_) => String::new(),
        }
    }

    /// As it stands in a JWK Set (RFC 7517).
    #[must_use]
    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.pair {
            Pair::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())})
            }
            Pair::P256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
            }
            Pair::Rsa(pair) => {
                let public = rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "n": text(&public.n), "e": text(&public.e)})
            }
            Pair::Secret(secret) => json!({"kty": "oct", "k": text(secret)}),
        };
        jwk["alg"] = self.algorithm.into();
        jwk["use"] = "sig".into();
        if let Some(kid) = &self.kid {
            jwk["kid"] = kid.as_str().into();
        }
        jwk
    }
}
