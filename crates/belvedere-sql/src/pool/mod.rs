//! The pool, what it lends, and how full it is.

mod db;
mod health;
mod lease;
mod levels;

pub use db::Db;
pub(crate) use lease::{InUse, Lease};
