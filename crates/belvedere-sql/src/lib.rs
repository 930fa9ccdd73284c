#![doc = include_str!("../README.md")]

mod backend;
mod class;
mod config;
mod connect;
mod constraint;
#[cfg(feature = "postgres")]
mod copy;
mod error;
mod executor;
mod fetch;
mod generate;
mod owned;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statement;
mod tx;

pub use backend::Backend;
pub use class::QueryClass;
pub use config::DatabaseConfig;
pub use connect::ConnectError;
pub use constraint::{QueryError, QueryResultExt};
pub use error::{failure, is_unavailable, is_unique_violation};
pub use pool::Db;
pub use tx::{Savepoint, Tx};
