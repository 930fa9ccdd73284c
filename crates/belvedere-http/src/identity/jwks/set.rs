use std::sync::Arc;

use jsonwebtoken::{Algorithm, Header, jwk::Jwk};
use serde::Deserialize;
use serde_json::Value;

use crate::identity::token::{Key, Rules, from_jwk};

/// Issuers have two to ten.
const MAX_KEYS: usize = 64;

/// The keys of one answer of the issuer.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Named>);

#[derive(Debug)]
struct Named {
    kid: Option<String>,
    key: Arc<Key>,
}

/// As it is sent. One key that cannot be read says nothing about the others.
#[derive(Deserialize)]
struct Sent {
    keys: Vec<Value>,
}

/// An answer that is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum SetError {
    #[error("the answer is no JWK Set")]
    Unreadable(#[source] serde_json::Error),
    #[error("the set has more than {MAX_KEYS} keys")]
    TooMany,
    #[error("no key of the set is one that tokens can be checked with")]
    NoKey,
}

impl KeySet {
    pub(super) fn read(
        body: &[u8],
        algorithm: Option<Algorithm>,
        rules: &Rules,
    ) -> Result<Self, SetError> {
        let sent: Sent = serde_json::from_slice(body).map_err(SetError::Unreadable)?;
        if sent.keys.len() > MAX_KEYS {
            return Err(SetError::TooMany);
        }
        let keys = sent.keys.into_iter();
        let keys: Vec<_> = keys
            .filter_map(|key| Jwk::deserialize(key).ok())
            .filter_map(|jwk| Named::read(jwk, algorithm, rules))
            .collect();
        (!keys.is_empty())
            .then_some(Self(keys))
            .ok_or(SetError::NoKey)
    }

    /// The key that a token names; the only one, where it names none.
    pub(super) fn find(&self, header: &Header) -> Option<&Arc<Key>> {
        let fits = |named: &&Named| match &header.kid {
            Some(_) => named.kid == header.kid,
            None => self.0.len() == 1,
        };
        let mut fitting = self.0.iter().filter(fits);
        let first = fitting.next()?;
        // Some issuers give one name to a key for each algorithm.
        let exact = |named: &&Named| named.key.algorithm() == header.alg;
        let better = fitting.find(exact).filter(|_| !exact(&first));
        Some(&better.unwrap_or(first).key)
    }
}

impl Named {
    fn read(jwk: Jwk, algorithm: Option<Algorithm>, rules: &Rules) -> Option<Self> {
        let key = Arc::new(from_jwk(&jwk, algorithm, rules)?);
        let kid = jwk.common.key_id;
        Some(Self { kid, key })
    }
}
