use std::sync::Arc;

use belvedere_core::{BoxFuture, Identity};
use jsonwebtoken::{Header, decode_header};

use super::{claims::Rules, key::Key};
use crate::identity::{
    jwks::{Found, Jwks},
    refusal::Refusal,
};

/// The kinds that a token may say it is of (RFC 7519, section 5.1; RFC 9068, section 2.1).
const TYPES: [&str; 2] = ["jwt", "at+jwt"];

/// Whether a caller is known: at once, unless the issuer has to be asked for a key.
pub(in crate::identity) enum Checked {
    Now(Result<Identity, Refusal>),
    Later(BoxFuture<'static, Result<Identity, Refusal>>),
}

/// What tokens are checked by.
#[derive(Debug)]
pub(in crate::identity) struct Tokens {
    rules: Rules,
    keys: Keys,
}

#[derive(Debug)]
enum Keys {
    One(Box<Key>),
    Issuers(Jwks),
}

impl Tokens {
    pub(in crate::identity) fn signed_with(key: Key, rules: Rules) -> Self {
        let keys = Keys::One(Box::new(key));
        Self { rules, keys }
    }

    pub(in crate::identity) const fn signed_by_issuer(jwks: Jwks, rules: Rules) -> Self {
        let keys = Keys::Issuers(jwks);
        Self { rules, keys }
    }

    pub(in crate::identity) const fn jwks(&self) -> Option<&Jwks> {
        match &self.keys {
            Keys::One(_) => None,
            Keys::Issuers(jwks) => Some(jwks),
        }
    }

    pub(in crate::identity) fn check(self: &Arc<Self>, token: &str) -> Checked {
        let header = match header(token) {
            Ok(header) => header,
            Err(refusal) => return Checked::Now(Err(refusal)),
        };
        match &self.keys {
            Keys::One(key) => Checked::Now(self.check_with(key, token)),
            Keys::Issuers(jwks) => match jwks.find(&header) {
                Found::Key(key) => Checked::Now(self.check_with(&key, token)),
                Found::Nothing(refusal) => Checked::Now(Err(refusal)),
                Found::MayCome => Checked::Later(self.ask(jwks.clone(), header, token.to_owned())),
            },
        }
    }

    fn check_with(&self, key: &Key, token: &str) -> Result<Identity, Refusal> {
        self.rules.identity(&key.check(token)?)
    }

    /// Asks the issuer whether it has signed with a key that is new.
    fn ask(
        self: &Arc<Self>,
        jwks: Jwks,
        header: Header,
        token: String,
    ) -> BoxFuture<'static, Result<Identity, Refusal>> {
        let tokens = Arc::clone(self);
        Box::pin(async move {
            let key = jwks.asked(&header).await?;
            tokens.check_with(&key, &token)
        })
    }
}

/// The head of a token, of which only `alg` and `kid` choose anything, and neither anything that is not configured: `jku`,
/// `jwk`, `x5u` and `x5c` are not looked at (RFC 8725, section 3.10).
fn header(token: &str) -> Result<Header, Refusal> {
    let header = decode_header(token).map_err(|_| Refusal::Malformed)?;
    // RFC 7515, section 4.1.11: whoever does not know what is critical refuses it, and here nothing of it is known.
    let is_plain = header.crit.is_none() && header.enc.is_none() && header.zip.is_none();
    let is_token = header.typ.as_deref().is_none_or(is_token_type);
    (is_plain && is_token)
        .then_some(header)
        .ok_or(Refusal::Malformed)
}

fn is_token_type(typ: &str) -> bool {
    let is = |known: &&str| typ.eq_ignore_ascii_case(known);
    let short = typ.get(.."application/".len());
    match short.filter(|prefix| prefix.eq_ignore_ascii_case("application/")) {
        Some(prefix) => is_token_type(&typ[prefix.len()..]),
        None => TYPES.iter().any(is),
    }
}
