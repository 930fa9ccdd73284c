//! OTLP on its way out: records are encoded when they end, wait in a bounded queue, and leave in batches from a thread of
//! their own (docs/adr/0005).

mod attribute;
mod envelope;
mod exporter;
mod queue;
pub(crate) mod span;
mod target;
mod transport;
mod wire;

pub(crate) use envelope::ResourceEnvelope;
pub(crate) use exporter::{Exporter, Pace};
pub(crate) use queue::{Limits, Queue};
pub(crate) use target::{Destination, Signal, Target};
pub(crate) use transport::Transport;
