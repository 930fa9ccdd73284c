//! Log lines: an event becomes one JSON object, an object goes through one bounded queue to one writer thread.

mod fields;
mod json;
mod known;
mod layer;
mod line;
mod pretty;
mod sink;
mod timestamp;

pub use layer::LogLayer;
pub use line::StaticFields;
pub(crate) use line::dropped_line;
pub use sink::LogSink;

#[cfg(test)]
mod tests;
