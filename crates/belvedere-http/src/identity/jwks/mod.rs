//! The issuer's public keys (JWK Set, RFC 7517): fetched in the background, kept while the issuer is away.

mod fetch;
mod keep;
mod set;

pub(super) use keep::Found;
pub use keep::Jwks;
