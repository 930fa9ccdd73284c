#![doc = include_str!("../README.md")]

mod error;
mod flame;
mod pprof_format;
mod sampling;
mod stacks;

pub use error::ProfileError;
pub use sampling::{FREQUENCY, Format, Sampling};
