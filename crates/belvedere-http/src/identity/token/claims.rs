use std::fmt;

use belvedere_core::Identity;
use jsonwebtoken::{Algorithm, Validation};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::identity::{id::is_id, refusal::Refusal};

/// The end of the year 9999: a later time was not meant as seconds.
const LAST_SECOND: u64 = 253_402_300_799;

/// What the claims of a token have to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::identity) struct Rules {
    pub(in crate::identity) issuer: String,
    pub(in crate::identity) audience: String,
    pub(in crate::identity) leeway_seconds: u64,
    pub(in crate::identity) tenant_claim: String,
    pub(in crate::identity) user_claim: String,
}

impl Rules {
    /// For tokens that are signed by this algorithm and no other.
    pub(super) fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.validate_nbf = true;
        validation.leeway = self.leeway_seconds;
        validation
    }

    /// Whom the claims are about. Their times, issuer and audience are right by now; here they are of the right kind too.
    pub(super) fn identity(&self, claims: &Claims) -> Result<Identity, Refusal> {
        let tenant_id = claims.id(&self.tenant_claim)?.ok_or(Refusal::Claims)?;
        let user_id = claims.id(&self.user_claim)?;
        claims.are_typed().then_some(()).ok_or(Refusal::Claims)?;
        Ok(Identity { tenant_id, user_id })
    }
}

/// All claims of a token, each of which stands there once (RFC 7519, section 4).
#[derive(Debug)]
pub(super) struct Claims(Map<String, Value>);

impl Claims {
    /// `jsonwebtoken` would take fractions, and lists of issuers.
    fn are_typed(&self) -> bool {
        let is_time = |value: &Value| value.as_u64().is_some_and(|second| second <= LAST_SECOND);
        let may_be_time = |name| self.0.get(name).is_none_or(is_time);
        let is_audience = |value: &Value| match value {
            Value::String(_) => true,
            Value::Array(all) => all.iter().all(Value::is_string),
            _ => false,
        };
        self.0.get("exp").is_some_and(is_time)
            && may_be_time("nbf")
            && may_be_time("iat")
            && self.0.get("iss").is_some_and(Value::is_string)
            && self.0.get("aud").is_some_and(is_audience)
    }

    fn id(&self, name: &str) -> Result<Option<Box<str>>, Refusal> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if is_id(text) => Ok(Some(text.as_str().into())),
            Some(_) => Err(Refusal::Claims),
        }
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Once)
    }
}

/// Refuses what is said twice: parsers differ in which of the two they believe.
struct Once;

impl<'de> Visitor<'de> for Once {
    type Value = Claims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Claims, A::Error> {
        let mut claims = Map::new();
        while let Some((name, value)) = entries.next_entry()? {
            if claims.insert(name, value).is_some() {
                return Err(A::Error::custom("a claim stands there twice"));
            }
        }
        Ok(Claims(claims))
    }
}
