#![doc = include_str!("../README.md")]

mod cache;
mod counters;
mod expiry;

pub use cache::Cache;
