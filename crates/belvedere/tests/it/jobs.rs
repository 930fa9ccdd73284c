//! Work outside of requests, by real processes on a real PostgreSQL.

mod failures;
mod helpers;
mod kills;
mod soak;
mod stops;
mod traces;
mod workers;
