//! The recorder behind the `metrics` facade, and the texts that Prometheus scrapes.
//!
//! A series is made of atomics: recording locks nothing and keeps no samples. It is found by its key in a sharded map; who
//! records often keeps the handle and looks nothing up. A metric has a budget of label sets: all further ones are told as
//! one series whose labels say `_overflow`. What a process tells about itself is read when it is scraped.

mod accept;
mod cells;
mod described;
mod family;
mod handle;
mod histogram;
mod installed;
mod known;
mod labels;
mod process;
mod push;
mod recorder;
mod registry;
mod render;
mod runtime;
mod tenants;
#[cfg(test)]
mod tests;
mod zeros;

pub(crate) use installed::MetricsError;
pub use installed::{Metrics, Scrape};
pub(crate) use push::MetricsPush;
pub(crate) use registry::MAX_METRICS;
