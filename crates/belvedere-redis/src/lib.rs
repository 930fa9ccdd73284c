#![doc = include_str!("../README.md")]

mod breaker;
mod cache;
mod client;
mod command;
mod config;
mod connect;
mod counters;
mod error;
mod expiry;
mod health;
mod hidden;
mod rates;
mod remote;
mod running;

pub use cache::Cache;
pub use client::Redis;
pub use config::RedisConfig;
pub use error::{ConnectError, RedisFailed};
pub use rates::RedisRates;
