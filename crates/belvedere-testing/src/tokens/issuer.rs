use std::{
    fmt, io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use super::{TokenKey, serve::Served};

/// What its tokens say of themselves.
const ISSUER: &str = "https://issuer.test";
const AUDIENCE: &str = "service.test";
/// How long its tokens are valid.
const LIFE: u64 = 3600;

/// The issuer. Dropping it closes its socket.
pub struct TokenIssuer {
    key: Mutex<Current>,
    served: Served,
}

struct Current {
    key: TokenKey,
    number: u32,
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenIssuer")
            .field("jwks_url", &self.jwks_url())
            .finish_non_exhaustive()
    }
}

impl TokenIssuer {
    /// Makes a key for `ES256` and serves its JWK Set on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// The socket could not be bound.
    pub fn start() -> io::Result<Self> {
        let current = Current::new(1);
        let served = Served::start(set(&[current.key.jwk()]))?;
        let key = Mutex::new(current);
        Ok(Self { key, served })
    }

    /// What `AUTH__JWT_JWKS_URL` takes.
    #[must_use]
    pub fn jwks_url(&self) -> String {
        format!("http://{}/jwks.json", self.served.address())
    }

    /// What makes a service take its tokens.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("AUTH__JWT_ISSUER", ISSUER.to_owned()),
            ("AUTH__JWT_AUDIENCE", AUDIENCE.to_owned()),
            ("AUTH__JWT_JWKS_URL", self.jwks_url()),
        ]
    }

    /// The claims of a token that is valid for an hour.
    #[must_use]
    pub fn claims(&self, tenant: &str, user: &str) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let expires = now.map_or(0, |now| now.as_secs()) + LIFE;
        json!({"iss": ISSUER, "aud": AUDIENCE, "exp": expires, "tenant_id": tenant, "sub": user})
    }

    /// A token that is valid for an hour.
    #[must_use]
    pub fn token(&self, tenant: &str, user: &str) -> String {
        self.sign(&self.claims(tenant, user))
    }

    /// A token with whatever claims.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.current().key.sign(claims)
    }

    /// Signs with a new key from now on, and hands out that one alone.
    pub fn rotate(&self) {
        let mut current = self.current();
        *current = Current::new(current.number + 1);
        self.served.answer(200, set(&[current.key.jwk()]));
    }

    /// Hands out these keys.
    pub fn serve(&self, keys: &[&TokenKey]) {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        self.served.answer(200, set(&keys));
    }

    /// Answers this instead of its keys.
    pub fn answer(&self, status: u16, body: &str) {
        self.served.answer(status, body.to_owned());
    }

    /// How often it was asked for its keys.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.served.requests()
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    fn new(number: u32) -> Self {
        let key = TokenKey::es256().named(&format!("key-{number}"));
        Self { key, number }
    }
}

fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}
