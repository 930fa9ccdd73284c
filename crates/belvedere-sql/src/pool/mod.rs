//! The pool, what it lends, and how full it is.

mod breakdown;
mod db;
mod health;
mod lease;
mod levels;
mod watchdog;

pub use db::Db;
pub(crate) use lease::Lease;
