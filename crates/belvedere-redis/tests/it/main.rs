//! Redis and caches from outside: what they do, and what they leave behind.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

mod commands;
mod helpers;
mod in_process;
mod outages;
mod rates;
mod shared;
mod start;
mod tls;
