//! A service with a method of each kind that ends as it is asked to, and everything that is told of its calls.

mod client;
mod messages;
mod probe;
mod service;
mod telemetry;

pub(crate) use client::{Client, Kind, ask};
pub(crate) use messages::{Ask, Said};
pub(crate) use probe::{Probe, descriptors};
pub(crate) use service::{Service, Setup, in_minutes, in_time, until};
pub(crate) use telemetry::{Event, Logs, Metrics};
