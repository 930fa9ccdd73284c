//! Every statement is seen: on SQLite here and now, and on a PostgreSQL that is thrown away.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

mod abandoned;
mod budget;
mod cached;
mod constraints;
mod copy;
mod doomed;
mod evicted;
mod executors;
mod health;
mod helpers;
mod macros;
mod metrics;
mod migrations;
mod postgres;
mod restarts;
mod running;
mod savepoints;
mod slow;
mod spans;
mod start;
mod template_schema;
mod transactions;
