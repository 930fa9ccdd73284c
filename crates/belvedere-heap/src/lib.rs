#![doc = include_str!("../README.md")]

mod profile;

pub use profile::{HeapError, profile};
pub use tikv_jemallocator::Jemalloc;
