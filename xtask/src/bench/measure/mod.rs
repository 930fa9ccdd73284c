//! One way of looking at a side each.

pub(crate) mod cpu;
pub(crate) mod instructions;
pub(crate) mod latency;
pub(crate) mod lines;
pub(crate) mod memory;
pub(crate) mod throughput;
