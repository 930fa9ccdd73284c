#![doc = include_str!("../README.md")]

mod backend;
mod config;
mod connect;
mod error;
mod executor;
mod generate;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statement;
mod tx;

pub use backend::Backend;
pub use config::DatabaseConfig;
pub use connect::ConnectError;
pub use error::{failure, is_unavailable, is_unique_violation};
pub use pool::Db;
pub use tx::Tx;
