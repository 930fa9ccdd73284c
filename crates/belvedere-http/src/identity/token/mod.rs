//! Tokens: JWTs (RFC 7519) in `authorization: Bearer` (RFC 6750), checked as RFC 8725 has it.

mod algorithm;
mod bearer;
mod check;
mod claims;
mod key;
mod provider;

pub(super) use algorithm::parse as parse_algorithm;
pub(super) use bearer::bearer;
pub(super) use check::{Checked, Tokens};
pub(super) use claims::Rules;
pub(super) use key::{Key, from_jwk, from_pem, from_secret};
