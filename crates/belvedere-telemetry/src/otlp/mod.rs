//! OTLP on its way out: records are encoded when they end, wait in a bounded queue, and leave in batches from a thread of
//! their own (docs/adr/0005).

mod attribute;
mod batching;
mod destination;
mod envelope;
mod exporter;
mod exporters;
mod grpc;
mod http;
mod log_export;
mod log_record;
mod metric;
mod outlook;
mod queue;
mod retry;
mod signal;
pub(crate) mod span;
mod tls;
mod transport;
mod wire;

pub(crate) use batching::Batching;
pub(crate) use destination::{Destination, Protocol, Target};
pub(crate) use envelope::ResourceEnvelope;
pub(crate) use exporter::{Exporter, Pace, is_exporting};
pub(crate) use log_export::LogExport;
pub(crate) use metric::{Point, PointValue, Shape, Window, metric};
pub(crate) use outlook::Outlook;
pub(crate) use queue::{Limits, Queue};
pub(crate) use signal::Signal;
pub(crate) use transport::Transport;
