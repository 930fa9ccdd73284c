//! A queue in each of the databases, and workers on it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

mod by_hand;
mod enqueue;
mod failures;
mod helpers;
mod leases;
mod schedules;
mod stops;
mod workers;
