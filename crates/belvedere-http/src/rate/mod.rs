//! How often somebody may call: by address before identity, so that who is not known is slowed down too, and by tenant and user
//! after it. What is not set costs nothing.
//!
//! Who comes too often gets 429 `too_many_requests` with `Retry-After` and, as the IETF's draft has them
//! (draft-ietf-httpapi-ratelimit-headers-06), `RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset` and
//! `RateLimit-Policy`.

mod address;
mod in_process;
mod layer;
mod slots;

pub use in_process::InProcess;
pub(crate) use layer::check_rates;
pub use layer::{RateLimit, rate_limits};
