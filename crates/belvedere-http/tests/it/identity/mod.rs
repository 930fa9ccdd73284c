//! Who may call: tokens that are right, tokens that only look like it, and an issuer that is not always there.

mod config;
mod forged;
mod forgeries;
mod issuer;
mod known;
mod served;
mod waiting;

use served::{AUDIENCE, Asked, ISSUER, Served, claims, now};
