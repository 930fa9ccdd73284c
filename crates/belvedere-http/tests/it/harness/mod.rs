//! A server, its clients, and everything it tells.

mod frames;
mod http1;
mod http2;
mod metrics;
mod record;
mod routes;
mod service;
mod telemetry;
mod wait;

pub(crate) use frames::Frames;
pub(crate) use http1::{Answer, Wire};
pub(crate) use http2::{Http2, request};
pub(crate) use metrics::Metrics;
pub(crate) use record::{Record, attribute};
pub(crate) use routes::{LIMIT, routes, unprotected};
pub(crate) use service::{Service, Setup, http, seconds};
pub(crate) use telemetry::{Event, Logs, Spans};
pub(crate) use wait::{in_time, until};
