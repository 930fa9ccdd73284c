//! Every statement is seen: on SQLite here and now, and on a PostgreSQL that is thrown away.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

mod executors;
mod health;
mod helpers;
mod metrics;
mod postgres;
mod slow;
mod spans;
mod start;
mod transactions;
