//! Who is asking: bound to the request's context before any handler runs, or refused.
//!
//! A caller is known by a token (JWT, RFC 7519) that an issuer has signed, or by the headers of a proxy that has checked it.
//! Never by both: [`AuthConfig`] says which, and a service that says neither does not start outside of development.
//!
//! Every refusal is answered alike, whatever was wrong: 401, one body, `www-authenticate: Bearer`. Why is told to the operator,
//! in `auth_failures_total{reason}` and the event `caller_refused`, never to the caller.

mod caller;
mod config;
mod headers;
mod id;
mod jwks;
mod refusal;
mod require;
mod token;

pub use caller::Caller;
pub use config::AuthConfig;
pub use jwks::Jwks;
pub use require::{Callers, RequireCaller};
